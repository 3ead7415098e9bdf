import { statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { beforeAll, describe, expect, test } from 'vitest';
import { resolveOrganisation } from '../../src/authority/execution/find-organisation.ts';
import { identityKeyContext } from '../../src/authority/identity/sealed-key-context.ts';
import { fingerprintOf } from '../../src/crypto/fingerprint.ts';
import { Secret } from '../../src/crypto/secret.ts';
import { decodeEd25519DidKey } from '../../src/did/did-key.ts';
import { type Signer, signRevocation } from '../../src/ucan/index.ts';
import { openUnlocked, query } from '../support/authority.ts';
import { type Cli, createInitialized, writeTokens } from '../support/cli.ts';
import { engines } from '../support/engines.ts';
import { makePipe } from '../support/fixtures.ts';
import { signLatestLegacy, signLegacy } from '../support/legacy.ts';
import { cidOf, cidsOfAll } from '../support/tokens.ts';
import { delegate, invoke, type Principal, principalOf, principals, resign } from '../support/ucan.ts';

interface Imported {
  readonly imported: number;
  readonly known: number;
  readonly refused: readonly { readonly index: number; readonly reason: string }[];
  readonly reissued: readonly string[];
}

const [alice, bob, carol] = (await principals('alice', 'bob', 'carol')) as [Principal, Principal, Principal];
const future = 4_000_000_000;
const commands = JSON.stringify({ 'db/READ': '/db/read', 'db/write': '/db/write' });

describe.each(engines)('ucan import: $name', (engine) => {
  let url: string;
  let cli: Cli;
  let acme: string;
  let ours: string;
  let unmapped: string;
  let count = 0;

  beforeAll(async () => {
    url = await engine.createUrl();
    cli = await createInitialized(url);
    cli.write('commands.json', commands);
    const signer = await openOrganisation(url, cli.read('raw-key'));
    acme = signer.did;
    ours = await signOld(signer);
    unmapped = await signOld(signer, { att: [{ with: 'db://example.com/users', can: 'db/DROP' }] });
  });

  const signOld = (issuer: Signer, payload: Readonly<Record<string, unknown>> = {}) => {
    count += 1;
    return signLegacy(issuer, bob, { payload: { exp: future, nnc: `${count}`, ...payload } });
  };
  const importAll = (file: string, ...options: readonly string[]) =>
    cli.done<Imported>('ucan', 'import', file, ...options);
  const rowsOf = async (table: string) => (await query(url, `select id from ${table}`)).length;

  test('keeps delegations of any container and encoding, from a file and from standard input, once', async () => {
    const delegations = [await delegate(alice, bob), await delegate(bob, carol, { subject: null })];
    await writeTokens(cli, 'some.ucan', delegations, 'raw-gzip');
    const { stored } = await cli.done<{ stored: string[] }>('ucan', 'import', 'some.ucan');
    expect(stored.toSorted()).toEqual(cidsOfAll(delegations).toSorted());
    const more = await delegate(alice, carol);
    await writeTokens(cli, 'more.ucan', [...delegations, more]);
    const again = await cli.with({ input: cli.read('more.ucan') }).done<{ known: string[] }>('ucan', 'import', '-');
    expect(again).toMatchObject({ stored: [cidOf(more)], revoked: [] });
    expect(again.known.toSorted()).toEqual(cidsOfAll(delegations).toSorted());
    cli.write('token', Buffer.from((await delegate(carol, bob)).bytes).toString('base64'));
    expect(await cli.says('ucan', 'import', 'token')).toMatch(/^1 delegation\(s\) were stored, 0 /);
  });

  test('takes note of revocations, with the delegations beside them as their path', async () => {
    const [top, below] = [await delegate(alice, bob), await delegate(bob, carol, { subject: alice.did })];
    const revocation = await signRevocation(alice, { target: below.cid, path: [top.cid, below.cid] });
    await writeTokens(cli, 'revocation.ucan', [revocation, top, below]);
    expect(await cli.done('ucan', 'import', 'revocation.ucan')).toMatchObject({ revoked: [cidOf(below)] });
    const verified = await writeTokens(cli, 'below.ucan', [below]);
    await cli.refuses('token_revoked', 'ucan', 'verify', verified);
  });

  test('refuses an invocation, a forgery, a stranger’s revocation, and a container of nothing', async () => {
    const before = [await rowsOf('ucan_delegations'), await rowsOf('ucan_revocations')];
    const target = await delegate(alice, bob);
    const forged = { bytes: resign(target, new Uint8Array(64).fill(1)) };
    for (const [code, tokens] of [
      ['bad_input', [await invoke(alice, alice)]],
      ['bad_input', [await invoke(alice, alice), target]],
      ['bad_input', []],
      ['invalid_token_signature', [forged]],
      ['invalid_token_signature', [forged, await delegate(alice, carol)]],
      ['not_authorized', [await signRevocation(carol, { target: target.cid }), target]],
      ['not_found', [await signRevocation(alice, { target: target.cid })]],
    ] as const) {
      await writeTokens(cli, 'refused.ucan', tokens);
      await cli.refusesBoth(code, 'ucan', 'import', 'refused.ucan');
    }
    expect([await rowsOf('ucan_delegations'), await rowsOf('ucan_revocations')]).toEqual(before);
  });

  test('keeps old tokens as records: one, one a line, or a JSON array', async () => {
    const [first, second, third] = [await signOld(alice), await signOld(bob), await signOld(carol)];
    cli.write('one.jwt', first);
    cli.write('lines.txt', `${first}\n\n${second}\n`);
    cli.write('array.json', JSON.stringify([first, second, third]));
    expect(await importAll('one.jwt')).toEqual({ imported: 1, known: 0, refused: [], reissued: [] });
    expect(await importAll('lines.txt')).toMatchObject({ imported: 1, known: 1 });
    expect(await importAll('array.json')).toMatchObject({ imported: 1, known: 2 });
    expect(cli.read('array.json').toString()).toBe(JSON.stringify([first, second, third]));
    const latest = cli.write('latest.jwt', await signLatestLegacy(alice, bob, { payload: { exp: future } }));
    expect(await importAll(latest)).toMatchObject({ imported: 1 });
  });

  test('says which old tokens it refused and why, and keeps the others', async () => {
    const good = await signOld(alice);
    const forged = `${(await signOld(alice)).slice(0, -8)}AAAAAAAA`;
    cli.write('mixed.txt', `${good}\n${forged}\nnot-a-token\n`);
    const { imported, refused } = await importAll('mixed.txt');
    expect(imported).toBe(1);
    expect(refused.map(({ index }) => index)).toEqual([1, 2]);
    const said = await cli.says('ucan', 'import', 'mixed.txt');
    for (const text of ['number 2: ', 'number 3: ', '2 were refused']) expect(said).toContain(text);
    expect(said).not.toContain(forged.split('.')[1]);
  });

  test('reads the SQLite file of another program, and leaves it as it was', async () => {
    const tokens = [await signOld(alice), await signOld(bob)];
    const file = new DatabaseSync(cli.path('old.db'));
    file.exec('create table ucan_tokens (id integer primary key, raw_token text, other blob)');
    for (const token of tokens) file.prepare('insert into ucan_tokens (raw_token) values (?)').run(token);
    file.close();
    const before = { bytes: cli.read('old.db'), ...statSync(cli.path('old.db'), { bigint: true }) };
    expect(await importAll('old.db')).toMatchObject({ imported: 2, known: 0 });
    const after = statSync(cli.path('old.db'), { bigint: true });
    expect(cli.read('old.db')).toEqual(before.bytes);
    expect({ mtimeNs: after.mtimeNs, ino: after.ino }).toEqual({ mtimeNs: before.mtimeNs, ino: before.ino });
    expect(cli.has('old.db-wal') || cli.has('old.db-shm') || cli.has('old.db-journal')).toBe(false);
  });

  test('issues delegations in place of old tokens by a key that is here, where --commands maps their abilities', async () => {
    const theirs = await signOld(alice);
    cli.write('old.txt', `${ours}\n${theirs}\n${unmapped}\n`);
    expect(await importAll('old.txt')).toMatchObject({ imported: 3, reissued: [] });
    const document = await importAll('old.txt', '--commands', 'commands.json');
    expect(document).toMatchObject({ imported: 0, known: 3, refused: [], reissued: [expect.stringMatching(/^zdpu/)] });
    const { delegations } = await cli.done<{ delegations: object[] }>(
      'ucan',
      'list',
      '--issuer',
      acme,
      '--audience',
      bob.did,
    );
    expect(delegations).toMatchObject([
      {
        cid: document.reissued[0],
        iss: acme,
        aud: bob.did,
        sub: acme,
        cmd: '/db/read',
        pol: [['==', '.resource', 'db://example.com/users']],
        exp: future,
      },
    ]);
    expect(await importAll('old.txt', '--commands', 'commands.json')).toMatchObject({ reissued: [] });
  });

  test('refuses an invalid mapping, and one for tokens that need no mapping', async () => {
    cli.write('old.jwt', await signOld(alice));
    for (const mapping of ['{', '[]', 'null', '{"db/READ":1}', '{"db/READ":"read"}', '{"a/b":"/a","A/B":"/b"}']) {
      cli.write('mapping.json', mapping);
      await cli.refusesBoth('bad_input', 'ucan', 'import', 'old.jwt', '--commands', 'mapping.json');
    }
    await cli.refuses('bad_input', 'ucan', 'import', 'old.jwt', '--commands', 'missing.json');
    await writeTokens(cli, 'new.ucan', [await delegate(alice, bob)]);
    await cli.refusesBoth('usage', 'ucan', 'import', 'new.ucan', '--commands', 'commands.json');
  });

  test.each([
    ['missing', undefined],
    ['empty', ''],
    ['text', 'hello\n'],
    ['json', '{"tokens":[]}'],
    ['numbers', '[1,2]'],
    ['binary', Buffer.of(0, 1, 2, 255)],
    ['folder', '.'],
  ])('refuses a file that is %s', async (name, content) => {
    if (content !== undefined && content !== '.') cli.write(name, content);
    await cli.refusesBoth('bad_input', 'ucan', 'import', content === '.' ? '.' : name);
  });

  test('refuses a pipe that nobody writes to, and does not wait for one', async () => {
    makePipe(cli.path('pipe'));
    await cli.refuses('bad_input', 'ucan', 'import', 'pipe');
  });

  test('refuses a SQLite file without such a table, and needs the passphrase', async () => {
    new DatabaseSync(cli.path('other.db')).exec('create table other (a); pragma user_version = 1');
    await cli.refusesBoth('bad_input', 'ucan', 'import', 'other.db');
    cli.write('old.jwt', await signOld(alice));
    await writeTokens(cli, 'new.ucan', [await delegate(alice, bob)]);
    const locked = cli.with({ env: { HANAPER_RAW_KEY_FILE: '' } });
    for (const file of ['old.jwt', 'new.ucan']) await locked.refusesBoth('locked', 'ucan', 'import', file);
  });
});

/** The only organisation with its key, by which another program would have signed before it was kept here. */
async function openOrganisation(url: string, rawKey: Uint8Array): Promise<Principal> {
  await using authority = await openUnlocked(url, {}, { kind: 'raw', key: Secret.copyOf(rawKey) });
  const row = await authority.database.transact('read', (transaction) => resolveOrganisation(transaction, 'acme'));
  const place = identityKeyContext(row, fingerprintOf(decodeEd25519DidKey(row.did)));
  using seed = await authority.requireVault().openKey(row.encryptedIdentityKey, place);
  return principalOf('ed25519', seed.bytes);
}
