import { expect, test } from 'vitest';
import { wrapText } from '../../src/cli/wrap-text.ts';

test('a text is broken at its spaces, and nothing of it is lost', () => {
  expect(wrapText('one two three', 7)).toEqual(['one two', 'three']);
  expect(wrapText('one two three', 3)).toEqual(['one', 'two', 'three']);
  expect(wrapText('a-word-longer-than-that is whole', 5)).toEqual(['a-word-longer-than-that', 'is', 'whole']);
  expect(wrapText('', 5)).toEqual(['']);
});
