import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  type Authority,
  addTrust,
  amendKey,
  amendTrust,
  createKey,
  createOrganisation,
  exportTrust,
  grantAcl,
  listKeys,
  listTrust,
  rotateKey,
  signPackage,
} from '../../../src/authority/index.ts';
import { sha256 } from '../../../src/crypto/digest.ts';
import { verifyPackage } from '../../../src/package/index.ts';
import { createAuthority, query } from '../../support/authority.ts';
import { expectCode } from '../../support/codes.ts';
import { createTempFolder, engines } from '../../support/engines.ts';
import { principal } from '../../support/ucan.ts';

const label = 'Release key of Acme — 2026 🔑';
const content = new TextEncoder().encode('a plugin');
const about = { name: 'plugin.bin', hash: Buffer.from(sha256(content)).toString('hex') };

describe.each(engines)('$name', (engine) => {
  let url: string;
  let authority: Authority;
  let org: string;
  let file: string;
  let count = 0;

  beforeAll(async () => {
    url = await engine.createUrl();
    ({ authority } = await createAuthority(url));
    file = join(await createTempFolder(), about.name);
    writeFileSync(file, content);
  });

  beforeEach(async () => {
    count += 1;
    org = (await authority.execute(createOrganisation, { name: `label-${count}` })).name;
  });

  afterAll(() => authority.close());

  const trusted = async (name: string) => (await authority.executeFor(name, listTrust, {})).keys;
  const verify = (organisation: string) => verifyPackage(file, { trust: authority, organisation });
  const version = async () => (await authority.executeFor(org, exportTrust, {})).version;

  test('a signing key has a label beside its name, its own organisation trusts it by that, and verification shows it', async () => {
    const key = await authority.executeFor(org, createKey, { name: 'release', label });
    expect(key).toMatchObject({ name: 'release', label });
    expect(await trusted(org)).toMatchObject([{ name: 'release', label }]);
    await authority.executeFor(org, signPackage, { ...about, key: 'release', store: true });
    expect(await verify(org)).toMatchObject({ signerName: 'release', signerLabel: label });
    const parent = (await authority.execute(createOrganisation, { name: `parent-${count}` })).name;
    await authority.executeFor(parent, grantAcl, { child: org });
    expect(await verify(parent)).toMatchObject({ via: org, signerLabel: label });
  });

  test('without a label there is null in documents, and nothing in verification', async () => {
    await authority.executeFor(org, createKey, { name: 'release' });
    expect((await authority.executeFor(org, listKeys, {})).keys).toMatchObject([{ label: null }]);
    await authority.executeFor(org, signPackage, { ...about, key: 'release', store: true });
    expect('signerLabel' in (await verify(org))).toBe(false);
  });

  test('a trusted key has a label of its own, which is changed and removed', async () => {
    const { bytes } = (await principal(`vendor ${count}`)).publicKey;
    const public_key = Buffer.from(bytes).toString('hex');
    const { fingerprint } = await authority.executeFor(org, addTrust, { public_key, label });
    expect(await trusted(org)).toMatchObject([{ name: null, label }]);
    expect(await authority.executeFor(org, amendTrust, { fingerprint, label: 'Ours' })).toMatchObject({
      label: 'Ours',
    });
    expect(await trusted(org)).toMatchObject([{ label: 'Ours' }]);
    await authority.executeFor(org, amendTrust, { fingerprint, label: null });
    expect(await trusted(org)).toMatchObject([{ label: null }]);
    await expectCode('not_found', () => authority.executeFor(org, amendTrust, { fingerprint: 'ab'.repeat(32), label }));
  });

  test('a changed label of a signing key is changed in its own trust too, unless that has another', async () => {
    const { fingerprint } = await authority.executeFor(org, createKey, { name: 'release', label });
    await authority.executeFor(org, amendKey, { name: 'release', label: 'New' });
    expect(await trusted(org)).toMatchObject([{ label: 'New' }]);
    await authority.executeFor(org, amendTrust, { fingerprint, label: 'Theirs' });
    await authority.executeFor(org, amendKey, { name: 'release', label: null });
    expect((await authority.executeFor(org, listKeys, {})).keys).toMatchObject([{ label: null }]);
    expect(await trusted(org)).toMatchObject([{ label: 'Theirs' }]);
    await expectCode('not_found', () => authority.executeFor(org, amendKey, { name: 'none', label }));
  });

  test('a successor has the label of the key that it replaces', async () => {
    await authority.executeFor(org, createKey, { name: 'release', label });
    expect((await authority.executeFor(org, rotateKey, { name: 'release' })).key.label).toBe(label);
  });

  test('a label changes nothing that is signed as trust', async () => {
    await authority.executeFor(org, createKey, { name: 'release' });
    const before = await version();
    await authority.executeFor(org, amendKey, { name: 'release', label });
    expect(await version()).toBe(before);
  });

  test('a label has 1 to 255 characters, all of which can be seen', async () => {
    const create = (text: string) => authority.executeFor(org, createKey, { name: 'release', label: text });
    const refused = [
      '',
      ' ',
      'a ',
      ' a',
      'a\nb',
      'a\tb',
      'a\u0000',
      'a\u001b[31m',
      'a\u202eb',
      'a\u200bb',
      'a\u2028b',
      'a\ud800',
      'x'.repeat(256),
    ];
    for (const text of refused) await expectCode('bad_input', () => create(text));
    expect((await create('🔑'.repeat(255))).label).toBe('🔑'.repeat(255));
  });

  test('a label that somebody has altered is told, and the key signs no more', async () => {
    const { id } = await authority.executeFor(org, createKey, { name: 'release', label });
    await query(url, `update signing_keys set label = 'Another' where id = '${id}'`);
    expect((await authority.executeFor(org, listKeys, {})).altered).toMatchObject([{ table: 'signing_keys', key: id }]);
    await expectCode('log_tampered', () => authority.executeFor(org, signPackage, { ...about, key: 'release' }));
  });
});
