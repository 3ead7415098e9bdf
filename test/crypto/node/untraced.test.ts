import { expect, test } from 'vitest';
import { untraced } from '../../../src/crypto/node/untraced.ts';

test('what is called has no traces recorded, and those after it have', () => {
  const limit = Error.stackTraceLimit;
  expect(untraced(() => new Error('inside').stack)).toBe('Error: inside');
  expect(Error.stackTraceLimit).toBe(limit);
  expect(new Error('outside').stack).toContain('untraced.test');
});

test('what is thrown comes out, and traces are recorded again', () => {
  const limit = Error.stackTraceLimit;
  const error = new RangeError('thrown');
  expect(() =>
    untraced(() => {
      throw error;
    }),
  ).toThrow(error);
  expect(Error.stackTraceLimit).toBe(limit);
});
