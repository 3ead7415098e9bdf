import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, expect, test } from 'vitest';

// What each room may import, besides bytes, errors, events and itself (docs/architecture.md).
const mayImport: Readonly<Record<string, readonly string[]>> = {
  crypto: [],
  did: ['crypto'],
  signature: ['did', 'crypto'],
  ucan: ['did', 'crypto'],
  vault: ['did', 'crypto'],
  trust: ['signature', 'log', 'did', 'crypto'],
  log: ['did', 'crypto'],
  store: ['signature', 'ucan', 'vault', 'trust', 'did', 'crypto'],
  package: ['trust', 'signature', 'crypto'],
  loader: ['package', 'trust', 'signature', 'crypto'],
  authority: ['store', 'log', 'trust', 'signature', 'ucan', 'vault', 'did', 'crypto'],
  client: ['ucan', 'log', 'did', 'crypto'],
  http: ['authority', 'trust', 'signature', 'ucan', 'vault', 'did', 'crypto'],
  cli: ['authority', 'client', 'http', 'loader', 'package', 'trust', 'signature', 'ucan', 'vault', 'did', 'crypto'],
};
const rooms = Object.keys(mayImport);
const pureRooms = ['crypto', 'did', 'signature', 'ucan', 'vault', 'trust', 'log'];
// Why server.ts, which puts the parts of a server together, is no room: it is one file.
const partsOfServer = ['authority', 'http', 'trust', 'signature', 'ucan', 'vault', 'did', 'crypto'];

interface Example {
  readonly room: string;
  readonly specifier: string;
  readonly allowed: boolean;
}

const examples: readonly Example[] = [
  ...rooms.flatMap((room) =>
    rooms.map((other) => ({
      room,
      specifier: `../${other}/file.ts`,
      allowed: other === room || (mayImport[room] ?? []).includes(other),
    })),
  ),
  ...pureRooms.flatMap((room) =>
    ['node:fs', 'node:crypto', 'pino', 'kysely', 'pg', 'commander'].map((specifier) => forbid(room, specifier)),
  ),
  ...['node:fs', 'node:crypto', 'pino', 'commander'].map((specifier) => forbid('client', specifier)),
  ...rooms.map((room) => ({ room, specifier: '../server.ts', allowed: room === 'cli' })),
  ...rooms
    .filter((room) => room !== 'http')
    .flatMap((room) => ['hono', '@hono/node-server', 'prom-client'].map((specifier) => forbid(room, specifier))),
  ...rooms
    .filter((room) => room !== 'store' && !pureRooms.includes(room))
    .flatMap((room) => ['kysely', 'pg', 'node:sqlite'].map((specifier) => forbid(room, specifier))),
];

const folder = mkdtempSync(join(tmpdir(), 'hanaper-lint-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function forbid(room: string, specifier: string): Example {
  return { room, specifier, allowed: false };
}

function pathOf({ room, specifier }: Example): string {
  return `src/${room}/imports-${specifier.replaceAll(/[^a-z]+/g, '-')}.ts`;
}

function findRefused(): readonly string[] {
  for (const example of examples) {
    write(pathOf(example), `import { thing } from '${example.specifier}';\n\nthing();\n`);
  }
  return lint().map(({ path }) => path);
}

function write(path: string, text: string): void {
  mkdirSync(join(folder, dirname(path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

interface Diagnosed {
  readonly path: string;
  /** From 1. */
  readonly line: number;
}

function lint(): readonly Diagnosed[] {
  cpSync('biome.json', join(folder, 'biome.json'));
  const options = [
    '--only=style/noRestrictedImports',
    '--reporter=json',
    '--max-diagnostics=none',
    '--vcs-enabled=false',
  ];
  const biome = resolve('node_modules/.bin/biome');
  const { stdout } = spawnSync(biome, ['lint', ...options, '.'], { cwd: folder, encoding: 'utf8' });
  const { diagnostics } = JSON.parse(stdout) as {
    diagnostics: { location: { path: string; start: { line: number } } }[];
  };
  return diagnostics.map(({ location: { path, start } }) => ({ path: path.replace(/^\.\//, ''), line: start.line }));
}

test('each room may import what lies below it, and nothing else', () => {
  const refused = findRefused();
  for (const example of examples) {
    const { room, specifier, allowed } = example;
    expect({ room, specifier, allowed: !refused.includes(pathOf(example)) }).toEqual({ room, specifier, allowed });
  }
});

test('server.ts puts http and authority together, and reaches for nothing behind them', () => {
  write('src/server.ts', rooms.map((room, index) => `import { thing${index} } from './${room}/file.ts';`).join('\n'));
  const refused = lint()
    .filter(({ path }) => path === 'src/server.ts')
    .map(({ line }) => rooms[line - 1]);
  expect(refused.toSorted()).toEqual(rooms.filter((room) => !partsOfServer.includes(room)).toSorted());
});
