import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

// One import too many in what every command loads takes a fifth more time at each start.
test('the entry of the executable holds no library of schemas, which comes with the commands that need it', () => {
  const entry = readFileSync(new URL('../../dist/bin/main.cjs', import.meta.url), 'utf8');
  expect(entry).toContain('hanaper');
  expect(entry).not.toContain('ZodError');
});
