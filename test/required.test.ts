import { expect, test } from 'vitest';
import { required } from '../src/required.ts';
import { expectCode } from './support/codes.ts';

test('a value that is there is returned, be it empty', () => {
  for (const value of [0, '', false, new Uint8Array(0)]) expect(required(value, 'value')).toBe(value);
});

test('a value that is absent is a fault, named', async () => {
  for (const value of [undefined, null]) {
    const { details } = await expectCode('internal', async () => required(value, 'prefix'));
    expect(details).toEqual({ what: 'prefix' });
  }
});
