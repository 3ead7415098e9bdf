import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createUuid, isUuid } from '../../src/crypto/uuid.ts';

// RFC 9562, appendix A.6: 2022-02-22T14:22:22.000-05:00 is 0x017F22E279B0.
test('a UUID begins with the time of the example of RFC 9562', () => {
  expect(createUuid(new Date('2022-02-22T19:22:22.000Z'))).toMatch(/^017f22e2-79b0-7/);
});

test('a UUID has version 7, the variant of the RFC, and its time in the first 48 bits', () => {
  fc.assert(
    fc.property(
      fc.nat(2 ** 31).chain((low) => fc.nat(3000).map((high) => high * 2 ** 32 + low)),
      (milliseconds) => {
        const uuid = createUuid(new Date(milliseconds));
        expect(uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
        expect(Number.parseInt(uuid.slice(0, 8) + uuid.slice(9, 13), 16)).toBe(milliseconds);
        expect(isUuid(uuid)).toBe(true);
      },
    ),
  );
});

test('UUIDs of later milliseconds sort later, and those of one millisecond differ', () => {
  const moment = Date.UTC(2026, 0, 1);
  expect(createUuid(new Date(moment)) < createUuid(new Date(moment + 1))).toBe(true);
  const many = Array.from({ length: 1000 }, () => createUuid(new Date(moment)));
  expect(new Set(many).size).toBe(many.length);
});

test.each([
  '',
  '017F22E2-79B0-7CC3-98C4-DC0C0C07398F',
  '017f22e279b07cc398c4dc0c0c07398f',
  '{017f22e2-79b0-7cc3-98c4-dc0c0c07398f}',
  '017f22e2-79b0-7cc3-98c4-dc0c0c07398f\n',
  'urn:uuid:017f22e2-79b0-7cc3-98c4-dc0c0c07398f',
])('%j is no UUID in its canonical form', (text) => {
  expect(isUuid(text)).toBe(false);
});
