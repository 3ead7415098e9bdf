import fc from 'fast-check';
import { CID } from 'multiformats/cid';
import { describe, expect, test } from 'vitest';
import { decodeLogEntry, encodeLogEntry, type LogEntry } from '../../src/log/entry.ts';
import { computeCid, decodeDagCbor } from '../../src/ucan/index.ts';
import { list, type Raw, write } from '../support/cbor.ts';
import { failureOf } from '../support/codes.ts';
import { toHex } from '../support/vectors.ts';

const invocation = computeCid(Uint8Array.of(1));
const receipt = computeCid(Uint8Array.of(2));
const entry: LogEntry = {
  version: 2,
  invocation,
  receipt,
  enrolledAt: '2026-01-31T12:00:00.000Z',
  effectCount: 3,
  effectsRoot: new Uint8Array(32).fill(7),
};

test('an entry is a list of DAG-CBOR, of which the second and the third are links', () => {
  const bytes = encodeLogEntry(entry);
  expect(decodeDagCbor(bytes)).toEqual([
    'hanaper/v2/log-entry',
    invocation,
    receipt,
    '2026-01-31T12:00:00.000Z',
    3,
    new Uint8Array(32).fill(7),
  ]);
  expect(toHex(bytes)).toBe(
    toHex(list(['hanaper/v2/log-entry', invocation, receipt, entry.enrolledAt, 3, entry.effectsRoot]).bytes),
  );
});

test('its bytes are always the same', () => {
  expect(toHex(encodeLogEntry(entry))).toBe(toHex(encodeLogEntry({ ...entry })));
  expect(toHex(encodeLogEntry(entry)).slice(0, 44)).toBe(`8674${Buffer.from('hanaper/v2/log-entry').toString('hex')}`);
});

describe('no two entries have the same bytes that differ in', () => {
  const changes: [string, Partial<LogEntry>][] = [
    ['the invocation', { invocation: receipt }],
    ['the receipt', { receipt: invocation }],
    ['the time', { enrolledAt: '2026-01-31T12:00:00.001Z' }],
    ['the number of effects', { effectCount: 0 }],
    ['the root of the effects', { effectsRoot: new Uint8Array(32) }],
    ['the version', { version: 1 }],
  ];
  test.each(changes)('%s', (_, change) => {
    expect(toHex(encodeLogEntry({ ...entry, ...change }))).not.toBe(toHex(encodeLogEntry(entry)));
  });
});

test.each([1, 2] as const)('what was encoded in version %i is read as it was', (version) => {
  expect(decodeLogEntry(encodeLogEntry({ ...entry, version }))).toEqual({ ...entry, version });
});

describe('it is no entry', () => {
  const fields: Raw[] = ['hanaper/v2/log-entry', invocation, receipt, entry.enrolledAt, 3, entry.effectsRoot];
  const without = (at: number, value: Raw) => write(fields.with(at, value)).bytes;
  const whole = encodeLogEntry(entry);
  const cases: [string, Uint8Array][] = [
    ['nothing', new Uint8Array(0)],
    ['with a byte missing', whole.subarray(0, -1)],
    ['with a byte more', Uint8Array.of(...whole, 0)],
    ['of another context', without(0, 'hanaper/v1/log-key')],
    ['whose invocation is no link', without(1, 'zdpu')],
    ['whose link is of another codec', without(1, CID.createV1(0x55, invocation.multihash))],
    ['whose receipt is missing', write(fields.slice(0, 2)).bytes],
    ['whose time is invalid', without(3, '2026-02-30T12:00:00.000Z')],
    ['whose time has no milliseconds', without(3, '2026-01-31T12:00:00Z')],
    ['with a negative number of effects', without(4, -1)],
    ['with half an effect', without(4, 0.5)],
    ['with a root of 31 bytes', without(5, new Uint8Array(31))],
    ['with a field more', write([...fields, 1]).bytes],
    ['that is a map', Uint8Array.of(0xa0)],
    ['that is very long', without(3, 'x'.repeat(10_000))],
    ['that is nested a thousand times', new Uint8Array(250).fill(0x81)],
  ];

  test.each(cases)('%s', async (_, bytes) => {
    expect(await failureOf(async () => decodeLogEntry(bytes))).toMatchObject({
      code: 'log_tampered',
      details: { what: 'entry' },
    });
  });
});

test('whatever bytes there are, they are an entry in its one form or refused', () => {
  const written = encodeLogEntry(entry);
  const changed = fc.tuple(fc.nat(written.length - 1), fc.nat(255)).map(([at, byte]) => written.with(at, byte));
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 300 }), changed), (bytes) => {
      try {
        expect(toHex(encodeLogEntry(decodeLogEntry(bytes)))).toBe(toHex(bytes));
      } catch (error) {
        expect(error).toMatchObject({ code: 'log_tampered' });
      }
    }),
    { numRuns: 2000 },
  );
});
