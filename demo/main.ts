import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Cli, createCli } from './cli.ts';
import { packThisProject } from './pack.ts';
import { pluginBytes } from './plugin.ts';
import { say, step } from './tell.ts';
import { createWorkshop } from './workshop.ts';

/**
 * The main job, told step by step with the real command line: `npm run demo`.
 * Each step is checked; the demo ends with status 0 only if every one came out as it says.
 */
using workshop = createWorkshop();
const { folder } = workshop;
const hanaper = createCli(workshop);
const startedAt = performance.now();

say(`Working in ${folder}`);

step('Initialise a database: a master key, reached by a passphrase through Argon2id');
hanaper.run(['init', '--org', 'acme']);

step('Create a second organisation, and a signing key for the first');
hanaper.run(['org', 'create', 'globex']);
hanaper.run(['key', 'create', 'release', '--org', 'acme']);

step('Pack this very project, and sign the tarball');
const tarball = packThisProject(folder);
hanaper.run(['package', 'sign', tarball, '--key', 'release', '--org', 'acme']);

step('Verify it');
hanaper.run(['package', 'verify', tarball, '--org', 'acme']);

step('Flip one byte of a copy: refused');
const tampered = flipOneByte(tarball);
hanaper.refuses('package_tampered', ['package', 'verify', tampered, '--org', 'acme', '--signature', `${tarball}.sig`]);

step('A second organisation does not trust the signer, until it accepts the first one’s keys');
hanaper.refuses('untrusted_signer', ['package', 'verify', tarball, '--org', 'globex']);
hanaper.run(['acl', 'grant', '--parent', 'globex', '--child', 'acme']);
hanaper.run(['package', 'verify', tarball, '--org', 'globex']);

step('Sign a small WebAssembly plugin, and run it from the bytes that were verified');
const plugin = join(folder, 'plugin.wasm');
writeFileSync(plugin, pluginBytes);
hanaper.refuses('signature_not_found', ['package', 'load', plugin, '--org', 'acme']);
hanaper.run(['package', 'sign', plugin, '--key', 'release', '--org', 'acme']);
expectAnswer(hanaper);

step('Revoke the key: what it signed is refused everywhere');
hanaper.run(['key', 'revoke', 'release', '--org', 'acme']);
for (const org of ['acme', 'globex']) hanaper.refuses('untrusted_signer', ['package', 'verify', tarball, '--org', org]);
hanaper.refuses('untrusted_signer', ['package', 'load', plugin, '--org', 'acme']);

say(`\nEvery step came out as it says, in ${((performance.now() - startedAt) / 1000).toFixed(1)} s.`);

function flipOneByte(path: string): string {
  const bytes = readFileSync(path);
  const middle = Math.floor(bytes.length / 2);
  bytes[middle] = (bytes[middle] ?? 0) ^ 1;
  const copy = join(folder, 'tampered.tgz');
  writeFileSync(copy, bytes);
  return copy;
}

function expectAnswer({ run }: Cli): void {
  const output = run(['package', 'load', plugin, '--org', 'acme', '--call', 'answer']);
  if (!output.includes('answer() returned 42')) throw new Error('the plugin did not return 42');
}
