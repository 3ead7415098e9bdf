import { describe, expect, test } from 'vitest';
import { encodeLogEntry, type LogEntry } from '../../src/log/entry.ts';
import { computeCid, decodeDagCbor } from '../../src/ucan/index.ts';
import { list } from '../support/cbor.ts';
import { toHex } from '../support/vectors.ts';

const invocation = computeCid(Uint8Array.of(1));
const receipt = computeCid(Uint8Array.of(2));
const entry: LogEntry = {
  invocation,
  receipt,
  enrolledAt: '2026-01-31T12:00:00.000Z',
  effectCount: 3,
  effectsRoot: new Uint8Array(32).fill(7),
};

test('an entry is a list of DAG-CBOR, of which the second and the third are links', () => {
  const bytes = encodeLogEntry(entry);
  expect(decodeDagCbor(bytes)).toEqual([
    'hanaper/v1/log-entry',
    invocation,
    receipt,
    '2026-01-31T12:00:00.000Z',
    3,
    new Uint8Array(32).fill(7),
  ]);
  expect(toHex(bytes)).toBe(
    toHex(list(['hanaper/v1/log-entry', invocation, receipt, entry.enrolledAt, 3, entry.effectsRoot]).bytes),
  );
});

test('its bytes are always the same', () => {
  expect(toHex(encodeLogEntry(entry))).toBe(toHex(encodeLogEntry({ ...entry })));
  expect(toHex(encodeLogEntry(entry)).slice(0, 44)).toBe(`8674${Buffer.from('hanaper/v1/log-entry').toString('hex')}`);
});

describe('no two entries have the same bytes that differ in', () => {
  const changes: [string, Partial<LogEntry>][] = [
    ['the invocation', { invocation: receipt }],
    ['the receipt', { receipt: invocation }],
    ['the time', { enrolledAt: '2026-01-31T12:00:00.001Z' }],
    ['the number of effects', { effectCount: 0 }],
    ['the root of the effects', { effectsRoot: new Uint8Array(32) }],
  ];
  test.each(changes)('%s', (_, change) => {
    expect(toHex(encodeLogEntry({ ...entry, ...change }))).not.toBe(toHex(encodeLogEntry(entry)));
  });
});
