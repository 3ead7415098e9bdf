import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeLogEntry, encodeLogEntry, type LogEntry } from '../../src/log/entry.ts';
import { computeCid, decodeDagCbor } from '../../src/ucan/index.ts';
import { list, type Raw } from '../support/cbor.ts';
import { expectCode } from '../support/codes.ts';
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

test('an entry is read as it was written', () => {
  expect(decodeLogEntry(encodeLogEntry(entry))).toEqual(entry);
});

describe('what is no entry is refused:', () => {
  const { enrolledAt, effectsRoot } = entry;
  const written = encodeLogEntry(entry);
  const other = (...changed: readonly Raw[]) => list(['hanaper/v1/log-entry', invocation, receipt, ...changed]).bytes;
  test.each([
    ['nothing', new Uint8Array(0)],
    ['a list of another kind', list(['hanaper/v1/effect', invocation, receipt, enrolledAt, 3, effectsRoot]).bytes],
    ['a byte behind it', Uint8Array.of(...written, 0)],
    ['a byte less', written.subarray(0, -1)],
    ['another form of its time', other('2026-01-31T12:00:00Z', 3, effectsRoot)],
    ['a day that is none', other('2026-02-31T12:00:00.000Z', 3, effectsRoot)],
    ['a count below nothing', other(enrolledAt, -1, effectsRoot)],
    ['a count that is not whole', other(enrolledAt, 1.5, effectsRoot)],
    ['a root of 31 bytes', other(enrolledAt, 3, new Uint8Array(31))],
    ['a field more', other(enrolledAt, 3, effectsRoot, 1)],
    ['text where a link stands', list(['hanaper/v1/log-entry', 'a', receipt, enrolledAt, 3, effectsRoot]).bytes],
  ])('%s', async (_, bytes) => {
    await expectCode('log_tampered', async () => decodeLogEntry(bytes));
  });

  test('whatever bytes there are, they are an entry in its one form or refused', () => {
    const changed = fc.tuple(fc.nat(written.length - 1), fc.nat(255)).map(([at, byte]) => written.with(at, byte));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 600 }), changed), (bytes) => {
        try {
          expect(toHex(encodeLogEntry(decodeLogEntry(bytes)))).toBe(toHex(bytes));
        } catch (error) {
          expect(error).toMatchObject({ code: 'log_tampered' });
        }
      }),
      { numRuns: 2000 },
    );
  });
});
