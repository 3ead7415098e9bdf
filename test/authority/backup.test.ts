import { copyFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  changeCredential,
  createKey,
  knownAuthoritiesFile,
  openAuthority,
  signPackage,
  validateAuthority,
} from '../../src/authority/index.ts';
import { verifySignatures } from '../../src/signature/index.ts';
import { byPassphrase, costs, initialize, openUnlocked, pathOf, query } from '../support/authority.ts';
import { expectCode } from '../support/codes.ts';
import { createTempFolder } from '../support/engines.ts';

const hash = 'ab'.repeat(32);

describe('a copy by VACUUM INTO of a live SQLite database', () => {
  test('opens elsewhere by its passphrase, with no pins, and verifies and signs', async () => {
    const { url, did, copy } = await createCopied();
    const pins = knownAuthoritiesFile(`${await createTempFolder()}/known_authorities`);
    await using restored = await openUnlocked(copy, { knownAuthorities: pins });
    expect(restored.identity.did).toBe(did);
    expect(pins.find(restored.database.name)).toBe(did);
    expect(await validateAuthority(restored, byPassphrase())).toMatchObject({ signing_keys: 1, trusted_keys: 1 });
    const { keys, signatures } = await restored.trustFor({ packageHash: hash });
    const accepted = await verifySignatures({ hash, name: 'a.wasm' }, signatures, keys, new Date());
    expect(accepted.key.name).toBe('release');
    await restored.executeFor('acme', signPackage, { hash, name: 'a.wasm', key: 'release', store: true });
    await restored.executeFor('acme', createKey, { name: 'after' });
    expect(await query(url, 'select id from signing_keys')).toHaveLength(1);
  });

  test('holds what was committed, and nothing that came after', async () => {
    const { url, copy } = await createCopied();
    await using live = await openUnlocked(url);
    await live.executeFor('acme', createKey, { name: 'after' });
    expect(await query(copy, 'select key_name from signing_keys')).toEqual([{ key_name: 'release' }]);
    expect(await query(url, 'select key_name from signing_keys')).toHaveLength(2);
  });

  test('keeps the passphrase that it was made with', async () => {
    const { url, copy } = await createCopied();
    await using live = await openAuthority({ database: url });
    await changeCredential(live, byPassphrase(), byPassphrase('another passphrase'), costs);
    await expectCode('wrong_passphrase', () => live.unlock(byPassphrase()));
    await (await openUnlocked(copy)).close();
    await using restored = await openAuthority({ database: copy });
    await expectCode('wrong_passphrase', () => restored.unlock(byPassphrase('another passphrase')));
  });

  test('put in the place of its original, it is the same authority', async () => {
    const folder = await createTempFolder();
    const pins = knownAuthoritiesFile(`${folder}/known_authorities`);
    const { url, copy } = await createCopied();
    await (await openAuthority({ database: url, knownAuthorities: pins })).close();
    copyFileSync(pathOf(copy), pathOf(url));
    await (await openAuthority({ database: url, knownAuthorities: pins })).close();
    const foreign = `sqlite:${folder}/foreign.db`;
    await initialize(foreign);
    copyFileSync(pathOf(foreign), pathOf(url));
    await expectCode('authority_changed', () => openAuthority({ database: url, knownAuthorities: pins }));
  });
});

async function createCopied(): Promise<{ url: string; did: string; copy: string }> {
  const url = `sqlite:${await createTempFolder()}/hanaper.db`;
  const { did } = await initialize(url);
  await using live = await openUnlocked(url);
  await live.executeFor('acme', createKey, { name: 'release' });
  await live.executeFor('acme', signPackage, { hash, name: 'a.wasm', key: 'release', store: true });
  const copy = `sqlite:${await createTempFolder()}/copy.db`;
  // The write-ahead log is not empty, and the database is open, while it is copied.
  await query(url, 'vacuum into $1', [pathOf(copy)]);
  return { url, did, copy };
}
