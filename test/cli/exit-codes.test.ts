import { randomBytes } from 'node:crypto';
import { mkdirSync, truncateSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { encodeHex } from '../../src/bytes.ts';
import { sha256 } from '../../src/crypto/digest.ts';
import { publicKeyOf } from '../../src/crypto/ed25519.ts';
import { fingerprintOf } from '../../src/crypto/fingerprint.ts';
import { Secret } from '../../src/crypto/secret.ts';
import type { ErrorCode } from '../../src/errors.ts';
import { signStatement } from '../../src/signature/index.ts';
import { query } from '../support/authority.ts';
import { type Cli, cheap, createCli, createInitialized } from '../support/cli.ts';

const sign = ['package', 'sign', '--key', 'release'];
const verify = ['package', 'verify'];

// Every refusal is repeated with --json, and leaves behind what it found.
describe('a refusal has its code and its exit status, for people on standard error, for scripts as one document:', () => {
  let cli: Cli;

  beforeAll(async () => {
    cli = (await createInitialized()).with({ env: { HANAPER_ORG: 'acme' } });
    await prepare(cli);
  });

  test.each<[ErrorCode, ...(readonly string[])]>([
    ['usage', 'nonsense'],
    ['usage', 'package', 'nonsense'],
    ['usage', 'package'],
    ['usage', 'key', 'create'],
    ['usage', 'key', 'create', 'one', 'two'],
    ['usage', 'status', '--nonsense'],
    ['usage', 'status', '--db'],
    ['usage', 'package', 'sign', 'good'],
    ['usage', ...sign, 'good', '--format', 'pgp'],
    ['usage', ...sign, 'good', '--expires', 'soon'],
    ['usage', 'init', '--memory', 'much'],
    ['usage', 'init', '--slot', 'none'],
    ['usage', 'org', 'set', 'acme'],
    ['usage', 'org', 'set', 'acme', '--hash-signatures', 'maybe'],
    ['usage', 'acl', 'grant', '--parent', 'acme'],
    ['usage', 'completion', 'tcsh'],
    ['usage', 'ucan'],
    ['usage', 'ucan', 'nonsense'],
    ['usage', 'ucan', 'verify'],
    ['usage', 'identity', 'show'],
    ['usage', 'identity', 'create', '--type', 'rsa'],
    ['usage', 'status', '--authority'],
    ['bad_config', 'status', '--db', 'mysql://localhost/x'],
    ['bad_config', 'status', '--db', 'sqlite:'],
    ['bad_config', 'status', '--log', 'no/such/folder/log'],
    ['unavailable', 'status', '--db', 'postgres://nobody@127.0.0.1:1/none'],
    ['unavailable', 'init', '--slot', 'raw', '--db', 'sqlite:good/below-a-file.db'],
    ['package_tampered', ...verify, 'changed'],
    ['untrusted_signer', ...verify, 'good', '--org', 'globex'],
    ['invalid_signature', ...verify, 'forged'],
    ['signature_not_found', ...verify, 'unsigned'],
    ['malformed_signature', ...verify, 'malformed'],
    ['signature_expired', ...verify, 'expired'],
    ['signature_not_yet_valid', ...verify, 'early'],
    ['package_name_mismatch', ...verify, 'good', '--name', 'better'],
    ['unverified_import', 'package', 'load', 'importing.mjs', '--unsigned'],
    ['locked', 'key', 'create', 'x', '--raw-key-file', ''],
    ['locked', 'identity', 'create', '--seal'],
    ['wrong_passphrase', 'key', 'create', 'x', '--raw-key-file', 'other-key'],
    ['key_revoked', 'package', 'sign', 'good', '--key', 'revoked'],
    ['not_found', 'key', 'show', 'nobody'],
    ['not_found', 'package', 'load', 'empty.mjs', '--unsigned', '--call', 'nothing'],
    ['already_exists', 'key', 'create', 'release'],
    ['already_exists', 'identity', 'create', '--output', 'good'],
    ['already_initialized', 'init'],
    ['already_trusted', 'trust', 'add', 'release.raw'],
    ['bad_input', 'key', 'create', 'No-Kebab'],
    ['bad_input', 'package', 'load', 'good'],
    ['malformed_token', 'ucan', 'inspect', 'good'],
    ['malformed_token', 'ucan', 'verify', 'good'],
    ['malformed_key', 'trust', 'add', 'good'],
    ['malformed_key', 'identity', 'show', 'good'],
    ['weak_key', 'trust', 'add', 'weak-key'],
    ['weak_passphrase', 'init', '--db', 'sqlite:new.db', '--passphrase-file', 'weak-pass'],
    ['package_unreadable', ...verify, 'missing'],
    ['package_unreadable', ...verify, 'bare'],
    ['package_unreadable', ...verify, 'good/below'],
    ['package_empty', ...verify, 'empty'],
    ['package_empty', ...sign, 'empty'],
    ['too_large', 'package', 'load', 'large.wasm', '--unsigned'],
    ['too_large', ...sign, 'crowded'],
    ['not_initialized', 'key', 'list', '--db', 'sqlite:none.db'],
    ['not_initialized', 'ucan', 'list', '--db', 'sqlite:none.db'],
    ['database_newer', 'status', '--db', 'sqlite:newer.db'],
    ['database_older', 'log', 'verify', '--db', 'sqlite:older.db'],
    ['database_corrupt', 'status', '--db', 'sqlite:good'],
    ['authority_tampered', 'status', '--db', 'sqlite:tampered.db'],
    ['authority_changed', 'status', '--authority', 'did:key:z6Mkhf4x1kzazmdk3fRW1UyXKH2e1xNF54tfEUF7VmTWQpNW'],
    ['slot_damaged', 'key', 'create', 'x', '--db', 'sqlite:damaged.db'],
  ])('%s: %s %s %s %s', async (code, ...args) => {
    const unlocked = args.includes('') ? cli.with({ env: { HANAPER_RAW_KEY_FILE: '' } }) : cli;
    await unlocked.refusesBoth(code, ...args.filter((arg, index) => arg !== '' && args[index + 1] !== ''));
  });

  test('an output that takes nothing is a fault', async () => {
    const command = [process.execPath, new URL('../../bin/hanaper.cjs', import.meta.url).pathname, 'key', 'list'];
    const { status } = await cli.runProgram('sh', '-c', `${command.map((word) => `'${word}'`).join(' ')} > /dev/full`);
    expect(status).toBe(1);
  });
});

async function prepare(cli: Cli): Promise<void> {
  await cli.done('key', 'export', 'release', '--format', 'raw', '--output', 'release.raw');
  mkdirSync(cli.path('bare'));
  for (const name of ['good', 'changed', 'unsigned', 'malformed']) cli.write(name, 'a package');
  for (const name of ['good', 'changed']) await cli.done(...sign, name);
  cli.write('changed', 'A package');
  cli.write('malformed.sig', '{}');
  cli.write('importing.mjs', "import './empty.mjs';");
  cli.write('empty.mjs', ' ');
  cli.write('empty', '');
  cli.write('large.wasm', 'x');
  truncateSync(cli.path('large.wasm'), 512 * 1024 * 1024 + 1);
  cli.write('other-key', randomBytes(32));
  cli.write('weak-key', Uint8Array.of(1, ...new Uint8Array(31)));
  cli.write('weak-pass', 'password1');
  await prepareSignatures(cli);
  await cli.done('key', 'create', 'revoked');
  await cli.done('key', 'revoke', 'revoked');
  for (const [name, sql] of [
    ['older', 'delete from hanaper_migrations where version = (select max(version) from hanaper_migrations)'],
    ['newer', 'insert into hanaper_migrations select 999, name, applied_at from hanaper_migrations limit 1'],
    ['tampered', "update authority set created_at = '2020-01-01T00:00:00.000Z'"],
    ['damaged', 'update key_slots set salt = zeroblob(16)'],
  ] as const) {
    await cli.done('init', '--slot', 'raw', '--org', 'acme', '--db', `sqlite:${name}.db`);
    await query(`sqlite:${cli.path(`${name}.db`)}`, sql);
  }
  await cli.done('org', 'create', 'globex');
}

/** Signatures by the key `known` that the executable would not make. */
async function prepareSignatures(cli: Cli): Promise<void> {
  cli.write('seed', randomBytes(32));
  await cli.done('key', 'import', 'known', 'seed');
  const { did } = await cli.done<{ did: string }>('org', 'show', 'acme');
  using seed = Secret.copyOf(cli.read('seed'));
  const keyFingerprint = fingerprintOf(await publicKeyOf(seed));
  const make = async (name: string, signedAt: string, expiresAt?: string) => {
    cli.write(name, name);
    const statement = { name, packageHash: encodeHex(sha256(cli.read(name))), organisation: did, keyFingerprint };
    const dated = { ...statement, signedAt, ...(expiresAt !== undefined && { expiresAt }) };
    return signStatement(seed, dated);
  };
  const past = '2020-01-01T00:00:00.000Z';
  const write = (name: string, document: unknown) => cli.write(`${name}.sig`, JSON.stringify(document));
  write('expired', await make('expired', past, '2021-01-01T00:00:00.000Z'));
  write('early', await make('early', '2999-01-01T00:00:00.000Z'));
  const valid = await make('forged', past);
  const sig = Buffer.alloc(64, 1).toString('base64');
  write('forged', { ...valid, signatures: [{ keyid: keyFingerprint, sig }] });
  const others = Array.from({ length: 16 }, (_, index) => ({
    version: 1,
    algorithm: 'ed25519',
    package_hash: 'a'.repeat(64),
    key_fingerprint: index.toString(16).repeat(64),
    signature: sig,
    signed_at: past,
  }));
  cli.write('crowded', 'crowded');
  write('crowded', others);
}

describe('a usage error', () => {
  test('comes before anything is opened or made', async () => {
    const cli = await createCli('sqlite:made.db');
    await cli.refuses('usage', 'init', ...cheap, '--nonsense');
    await cli.refuses('usage', 'init', 'extra', ...cheap);
    expect(cli.has('made.db')).toBe(false);
  });
});
