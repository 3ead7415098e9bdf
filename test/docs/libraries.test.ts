import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { version } from '../../src/version.ts';
import { readPage, readTable, root } from './pages.ts';

const page = 'docs/decisions/0002-libraries.md';

interface Manifest {
  readonly version: string;
  readonly license: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly overrides: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

const manifest = readManifest('.');
const clients = readManifest('test/generated-clients');

function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(`${root}${folder}/package.json`, 'utf8'));
}

test.each([
  ['## At run time', manifest.dependencies],
  ['## The Node that it runs on', manifest.optionalDependencies],
  ['## For development', manifest.devDependencies],
  ['## For the clients that a test generates', clients.devDependencies],
])('the libraries under "%s" are those of package.json', (heading, dependencies) => {
  const names = readTable(page, heading).map(([name]) => name);
  expect(names.toSorted()).toEqual(Object.keys(dependencies).toSorted());
});

test('every version is exact, and what the clients are generated with has one compiler', () => {
  const versions = [
    manifest.dependencies,
    manifest.optionalDependencies,
    manifest.devDependencies,
    clients.devDependencies,
  ].flatMap(Object.values);
  for (const each of versions) expect(each).toMatch(/^\d+\.\d+\.\d+(-[\w.]+)?$/);
  expect(manifest.overrides['@hey-api/openapi-ts']?.typescript).toBe(clients.devDependencies['typescript']);
});

test('the licence of a library is that which it states', () => {
  for (const [name = '', , , licence] of readTable(page, '## At run time')) {
    const { license } = readManifest(`node_modules/${name}`);
    expect(licence?.toLowerCase().split(' or ').toSorted(), name).toEqual(
      license.toLowerCase().split(' or ').toSorted(),
    );
  }
});

test('the licence is the whole Apache License 2.0', () => {
  const text = readFileSync(`${root}LICENSE`, 'utf8');
  expect(manifest.license).toBe('Apache-2.0');
  expect(text).toContain('Version 2.0, January 2004');
  expect(text.match(/^ {3}\d\. /gm)).toHaveLength(9);
  expect(text).toContain('END OF TERMS AND CONDITIONS');
  expect(text).toContain('APPENDIX: How to apply the Apache License to your work.');
});

test('the changelog and the security policy speak of this version', () => {
  expect(manifest.version).toBe(version);
  expect(readPage('CHANGELOG.md')).toMatch(new RegExp(`^## \\[${version}\\] - `, 'm'));
  const supported = readTable('SECURITY.md', '## Supported versions').map(([each]) => each);
  expect(supported).toContain(version.split('.').slice(0, 2).join('.'));
});
