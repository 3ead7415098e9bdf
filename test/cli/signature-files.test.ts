import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import type { ErrorCode } from '../../src/errors.ts';
import { takeFileLock } from '../../src/package/file-lock.ts';
import { type Cli, createInitialized } from '../support/cli.ts';
import { makePipe } from '../support/fixtures.ts';

interface Envelope {
  readonly payload: string;
  readonly payloadType: string;
  readonly signatures: readonly { keyid: string; sig: string }[];
}

describe('a signature file', () => {
  let cli: Cli;
  let good: Envelope;

  beforeAll(async () => {
    cli = await createInitialized();
    cli.write('file', 'a package');
    await cli.done('package', 'sign', 'file', '--key', 'release');
    good = JSON.parse(cli.read('file.sig').toString());
  });

  const restated = (change: (statement: Record<string, unknown>) => object): Envelope => {
    const statement = JSON.parse(Buffer.from(good.payload, 'base64').toString());
    return { ...good, payload: Buffer.from(JSON.stringify(change(statement))).toString('base64') };
  };

  test.each<[string, () => string | Uint8Array | object]>([
    ['empty', () => ''],
    ['text', () => 'signed, sealed, delivered'],
    ['of invalid UTF-8', () => Uint8Array.of(0x22, 0xff, 0x22)],
    ['cut short', () => JSON.stringify(good).slice(0, -5)],
    ['with a byte-order mark', () => `\ufeff${JSON.stringify(good)}`],
    ['null', () => 'null'],
    ['a number', () => '7'],
    ['an empty array', () => []],
    ['an empty object', () => ({})],
    ['an array of arrays', () => [[good]]],
    ['with 17 entries', () => Array.from({ length: 17 }, () => good)],
    ['of more than 1 MB', () => JSON.stringify(good).padEnd(1024 * 1024 + 1)],
    ['of another payload type', () => ({ ...good, payloadType: 'text/plain' })],
    ['without a signature', () => ({ ...good, signatures: [] })],
    ['with a short signature', () => ({ ...good, signatures: [{ sig: 'AAAA' }] })],
    ['with a signature that is no base64', () => ({ ...good, signatures: [{ sig: '*'.repeat(88) }] })],
    ['with a payload that is no base64', () => ({ ...good, payload: '***' })],
    ['with a payload that is no JSON', () => ({ ...good, payload: Buffer.from('{').toString('base64') })],
    ['of another statement type', () => restated((statement) => ({ ...statement, _type: 'other' }))],
    ['of another predicate', () => restated((statement) => ({ ...statement, predicateType: 'other' }))],
    ['with no subject', () => restated((statement) => ({ ...statement, subject: [] }))],
    ['of a version to come', () => ({ version: 2, algorithm: 'ed25519' })],
  ])('that is %s is malformed', async (_, make) => {
    const content = make();
    const bytes = typeof content === 'string' || content instanceof Uint8Array ? content : JSON.stringify(content);
    cli.write('odd.sig', bytes);
    await cli.refuses('malformed_signature', 'package', 'verify', 'file', '--signature', 'odd.sig');
  });

  test('that is a folder, a pipe or a loop is malformed, and nothing hangs on it', async () => {
    mkdirSync(cli.path('folder.sig'));
    makePipe(cli.path('pipe.sig'));
    symlinkSync('loop.sig', cli.path('loop.sig'));
    for (const name of ['folder.sig', 'pipe.sig', 'loop.sig']) {
      await cli.refuses('malformed_signature', 'package', 'verify', 'file', '--signature', name);
    }
    await cli.refuses('malformed_signature', 'package', 'sign', 'file', '--key', 'release', '--output', 'pipe.sig');
  });

  test('beside the file that is a pipe hangs nothing either', async () => {
    cli.write('piped.mjs', 'export {};');
    makePipe(cli.path('piped.mjs.sig'));
    for (const verb of ['verify', 'load']) await cli.refuses('malformed_signature', 'package', verb, 'piped.mjs');
    const { signatures } = await cli.done<{ signatures: object[] }>('package', 'signatures', 'piped.mjs');
    expect(signatures).toMatchObject([{ where: 'file', format: null }]);
  });

  test('that is malformed vetoes no signature in the database', async () => {
    cli.write('kept', 'kept in the database');
    await cli.done('package', 'sign', 'kept', '--key', 'release', '--store', '--output', 'elsewhere.sig');
    cli.write('kept.sig', 'broken');
    await cli.done('package', 'verify', 'kept');
  });

  test('with one good entry among bad ones is good', async () => {
    const forged = { ...good, signatures: [{ sig: Buffer.alloc(64).toString('base64') }] };
    cli.write('mixed.sig', JSON.stringify([{}, forged, good]));
    await cli.done('package', 'verify', 'file', '--signature', 'mixed.sig');
  });

  test('with a field that nobody knows, or several signatures in one envelope, is good', async () => {
    cli.write('known.sig', JSON.stringify({ ...good, extra: 1 }));
    await cli.done('package', 'verify', 'file', '--signature', 'known.sig');
    const [signature] = good.signatures;
    const forged = { sig: Buffer.alloc(64).toString('base64') };
    cli.write('several.sig', JSON.stringify({ ...good, signatures: [forged, signature, signature] }));
    await cli.done('package', 'verify', 'file', '--signature', 'several.sig');
  });

  test('whose key id says otherwise is good: it is a hint that nothing relies on', async () => {
    const [signature] = good.signatures;
    cli.write('hint.sig', JSON.stringify({ ...good, signatures: [{ ...signature, keyid: 'f'.repeat(64) }] }));
    await cli.done('package', 'verify', 'file', '--signature', 'hint.sig');
  });

  test('for another file refuses it as tampered with, and one with an altered statement as invalid', async () => {
    cli.write('another', 'another package');
    await cli.refuses('package_tampered', 'package', 'verify', 'another', '--signature', 'file.sig');
    const renamed = restated((statement) => {
      const subject = statement['subject'] as [object];
      return { ...statement, subject: [{ ...subject[0], name: 'other' }] };
    });
    cli.write('renamed.sig', JSON.stringify(renamed));
    await cli.refuses('invalid_signature', 'package', 'verify', 'file', '--signature', 'renamed.sig');
  });

  test('that was named and is not there is not found', async () => {
    await cli.refuses('signature_not_found', 'package', 'verify', 'file', '--signature', 'missing.sig');
  });
});

describe('a package', () => {
  test('that is a pipe or a folder is unreadable, and signing or verifying it does not hang', async () => {
    const cli = await createInitialized();
    makePipe(cli.path('pipe.wasm'));
    mkdirSync(cli.path('folder.wasm'));
    for (const file of ['pipe.wasm', 'folder.wasm', '/dev/null']) {
      await cli.refuses('package_unreadable', 'package', 'verify', file);
      await cli.refuses('package_unreadable', 'package', 'sign', file, '--key', 'release');
    }
    for (const file of ['pipe.wasm', 'folder.wasm']) await cli.refuses('package_unreadable', 'package', 'load', file);
  });

  test('of any name is signed and verified: no extension, spaces, a dash, another script', async () => {
    const cli = await createInitialized();
    for (const name of ['plain', 'with space.tar.gz', '.hidden', '-dash', 'naïve ファイル.bin', `${'n'.repeat(240)}`]) {
      writeFileSync(cli.path(name), name);
      await cli.done('package', 'sign', '--key', 'release', '--', name);
      expect(cli.has(`${name}.sig`)).toBe(true);
      await cli.done('package', 'verify', '--', name);
    }
  });
});

describe('nothing is signed and enrolled', () => {
  let cli: Cli;

  beforeAll(async () => {
    cli = await createInitialized();
  });

  const countEntries = async () =>
    (await cli.done<{ entries: object[] }>('log', 'show', '--limit', '1000')).entries.length;
  const refusesAndEnrolsNothing = async (code: ErrorCode, ...args: readonly string[]) => {
    const before = await countEntries();
    await cli.refuses(code, ...args);
    expect(await countEntries()).toBe(before);
  };

  test.each<[string, ErrorCode, (path: string) => void]>([
    ['a link', 'bad_input', (path) => symlinkSync('elsewhere', path)],
    ['a folder', 'malformed_signature', (path) => mkdirSync(path)],
    ['text', 'malformed_signature', (path) => writeFileSync(path, 'notes')],
  ])('where %s stands in the place of the signature file', async (what, code, put) => {
    const name = cli.write(`${what.replace(' ', '-')}.wasm`, 'to be signed');
    put(cli.path(`${name}.sig`));
    await refusesAndEnrolsNothing(code, 'package', 'sign', name, '--key', 'release');
  });

  test('before a passphrase is asked for', async () => {
    const unasked = cli.with({ env: { HANAPER_RAW_KEY_FILE: '' } });
    const sign = ['package', 'sign', cli.write('unasked.wasm', 'to be signed'), '--key'];
    await unasked.refuses('locked', ...sign, 'release', '--proof');
    await unasked.refuses('bad_input', ...sign, 'Not A Name');
    await unasked.refuses('bad_input', ...sign, 'release', '--name', 'n'.repeat(1025));
    await unasked.refuses('usage', ...sign, 'release', '--proof', '--output', 'unasked.wasm.proof.json');
    await unasked.refuses('package_unreadable', 'package', 'sign', 'no-such-file', '--key', 'release');
    mkdirSync(cli.path('unasked.wasm.proof.json'));
    await unasked.refuses('bad_input', ...sign, 'release', '--proof');
    makePipe(cli.path('unasked.wasm.sig'));
    const { details } = await unasked.refuses('malformed_signature', ...sign, 'release');
    expect(details).toMatchObject({ reason: 'not a regular file' });
  });

  test('where a folder stands in the place of the lock', async () => {
    cli.write('barred.wasm', 'to be signed');
    mkdirSync(cli.path('barred.wasm.sig.lock'));
    await refusesAndEnrolsNothing('bad_input', 'package', 'sign', 'barred.wasm', '--key', 'release');
    expect(cli.has('barred.wasm.sig')).toBe(false);
  });

  test('where the lock stays held', async () => {
    cli.write('busy.wasm', 'to be signed');
    using _held = await takeFileLock(cli.path('busy.wasm.sig'));
    await refusesAndEnrolsNothing('unavailable', 'package', 'sign', 'busy.wasm', '--key', 'release');
  });

  test('where the proof would have too long a name', async () => {
    const sign = ['package', 'sign', cli.write(`${'n'.repeat(245)}`, 'to be signed'), '--key', 'release'];
    await refusesAndEnrolsNothing('bad_input', ...sign, '--proof');
    await cli.done(...sign);
  });

  test('where the signature is to be written to the place of the proof', async () => {
    cli.write('one.wasm', 'to be signed');
    const sign = ['package', 'sign', 'one.wasm', '--key', 'release', '--proof'];
    await refusesAndEnrolsNothing('usage', ...sign, '--output', './one.wasm.proof.json');
  });

  test('where sixteen others have signed; a key that is among them signs again', async () => {
    cli.write('full.wasm', 'to be signed');
    for (let index = 0; index < 16; index++) {
      await cli.done('key', 'create', `key-${index}`);
      await cli.done('package', 'sign', 'full.wasm', '--key', `key-${index}`);
    }
    await refusesAndEnrolsNothing('too_large', 'package', 'sign', 'full.wasm', '--key', 'release');
    await refusesAndEnrolsNothing('not_found', 'package', 'sign', 'full.wasm', '--key', 'nobody');
    await cli.done('package', 'sign', 'full.wasm', '--key', 'key-7');
  });

  test('where there is no folder for what a command writes', async () => {
    cli.write('homeless.wasm', 'to be signed');
    const output = ['--output', 'no/such/folder'];
    const audience = (await cli.done<{ did: string }>('identity', 'create')).did;
    await refusesAndEnrolsNothing('bad_input', 'package', 'sign', 'homeless.wasm', '--key', 'release', ...output);
    await refusesAndEnrolsNothing('bad_input', 'trust', 'export', ...output);
    await refusesAndEnrolsNothing('bad_input', 'key', 'export', 'release', ...output);
    await refusesAndEnrolsNothing('bad_input', 'log', 'proof', '0', ...output);
    await refusesAndEnrolsNothing('bad_input', 'identity', 'create', ...output);
    const delegate = ['ucan', 'delegate', '--org', 'acme', '--audience', audience, '--command', '/key', '--store'];
    await refusesAndEnrolsNothing('bad_input', ...delegate, ...output);
    mkdirSync(cli.path('acme.trust'));
    await refusesAndEnrolsNothing('bad_input', 'trust', 'export');
  });
});
