import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseTime } from '../../src/signature/time.ts';

test.each([
  ['2026-01-31T12:00:00Z', Date.UTC(2026, 0, 31, 12)],
  ['2026-01-31T12:00:00.5Z', Date.UTC(2026, 0, 31, 12, 0, 0, 500)],
  ['2026-01-31T12:00:00.123456789Z', Date.UTC(2026, 0, 31, 12, 0, 0, 123)],
  ['2026-01-31T12:00:59.999999999Z', Date.UTC(2026, 0, 31, 12, 0, 59, 999)],
  ['2024-02-29T00:00:00Z', Date.UTC(2024, 1, 29)],
  ['1970-01-01T00:00:00Z', 0],
  ['1969-12-31T23:59:59.999Z', -1],
  ['9999-12-31T23:59:59Z', Date.UTC(9999, 11, 31, 23, 59, 59)],
])('%s is a time', (text, milliseconds) => {
  expect(parseTime(text)).toBe(milliseconds);
});

test.each([
  '',
  '2026-01-31',
  '2026-01-31T12:00Z',
  '2026-01-31T12:00:00',
  '2026-01-31T12:00:00+00:00',
  '2026-01-31T12:00:00-00:00',
  '2026-01-31T12:00:00+01:00',
  '2026-01-31t12:00:00Z',
  '2026-01-31T12:00:00z',
  '2026-01-31 12:00:00Z',
  '2026-1-31T12:00:00Z',
  '2026-01-31T12:00:00.Z',
  '2026-01-31T12:00:00,5Z',
  '2026-01-31T12:00:00.1234567890Z',
  '2026-02-29T12:00:00Z',
  '2026-02-30T12:00:00Z',
  '2026-04-31T12:00:00Z',
  '2026-13-01T12:00:00Z',
  '2026-00-01T12:00:00Z',
  '2026-01-00T12:00:00Z',
  '2026-01-31T24:00:00Z',
  '2026-01-31T25:00:00Z',
  '2026-01-31T12:60:00Z',
  '2026-12-31T23:59:60Z',
  '+002026-01-31T12:00:00Z',
  '12026-01-31T12:00:00Z',
  ' 2026-01-31T12:00:00Z',
  '2026-01-31T12:00:00Z\n',
  '２０２６-01-31T12:00:00Z',
])('%j is not a time', (text) => {
  expect(parseTime(text)).toBeUndefined();
});

test('every time that is written with milliseconds is read back', () => {
  fc.assert(
    fc.property(
      fc.date({ min: new Date(0), max: new Date('9999-12-31T23:59:59.999Z'), noInvalidDate: true }),
      (date) => {
        expect(parseTime(date.toISOString())).toBe(date.getTime());
      },
    ),
  );
});
