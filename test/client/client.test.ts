import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type Authority,
  createKey,
  createOrganisation,
  listKeys,
  listOrganisations,
  openSigner,
  showOrganisation,
  signPackage,
  storeDelegations,
} from '../../src/authority/index.ts';
import { type Client, connect } from '../../src/client/index.ts';
import type { Delegation } from '../../src/ucan/index.ts';
import { createAuthority } from '../support/authority.ts';
import { expectCode } from '../support/codes.ts';
import { engines } from '../support/engines.ts';
import { startServer, type TestServer } from '../support/stand-in-server.ts';
import { delegate, type Principal, principal } from '../support/ucan.ts';

const hash = 'ab'.repeat(32);

describe.each(engines)('a client of a server on $name', ({ createUrl }) => {
  let authority: Authority;
  let server: TestServer;
  let ci: Principal;
  let admin: Principal;
  let acme: string;
  let fromAcme: Delegation;
  let adminProofs: readonly Delegation[];

  const connectAs = (signer: Principal, proofs: readonly Delegation[] = []): Promise<Client> =>
    connect({ server: server.url, signer, proofs });

  beforeAll(async () => {
    ({ authority } = await createAuthority(await createUrl()));
    server = await startServer(authority);
    [ci, admin] = [await principal('ci'), await principal('admin')];
    await authority.executeFor('acme', createKey, { name: 'release' });
    const organisation = await openSigner(authority, { organisation: 'acme' });
    acme = organisation.did;
    fromAcme = await delegate(organisation, ci, { command: '/package/sign', policy: [['==', '.name', 'plugin.wasm']] });
    const own = await openSigner(authority, 'authority');
    adminProofs = [await delegate(own, admin), await delegate(own, admin, { subject: null })];
  });

  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    await authority.close();
  });

  test('signs for the organisation that its delegation is about, without naming it', async () => {
    const client = await connectAs(ci, [fromAcme]);
    const signed = await client.executeFor(undefined, signPackage, { hash, name: 'plugin.wasm', key: 'release' });
    expect(signed).toMatchObject({ organisation: 'acme', key: 'release' });
    expect(client.identity.did).toBe(authority.identity.did);
  });

  test('invokes by name what it knows no definition of', async () => {
    const client = await connectAs(ci, [fromAcme]);
    const args = { hash, name: 'plugin.wasm', key: 'release' };
    const result = await client.invoke({ command: '/package/sign', subject: acme, args, access: 'write' });
    expect(result).toMatchObject({ organisation: 'acme', signature: { payloadType: expect.any(String) } });
  });

  test('is refused here what its delegations do not allow, before anything is sent', async () => {
    const client = await connectAs(ci, [fromAcme]);
    const before = server.requests.length;
    const other = client.executeFor(undefined, signPackage, { hash, name: 'other.wasm', key: 'release' });
    await expectCode('not_authorized', () => other);
    await expectCode('not_authorized', () => client.executeFor(undefined, listKeys, {}));
    await expectCode('not_authorized', () => client.execute(listOrganisations, {}));
    const wrong = client.executeFor(undefined, signPackage, { hash: 'AB', name: 'plugin.wasm', key: 'release' });
    await expectCode('bad_input', () => wrong);
    expect(server.requests).toHaveLength(before);
  });

  test('holds a handler’s refusal in a receipt, with its code', async () => {
    const client = await connectAs(ci, [fromAcme]);
    const signing = client.executeFor(undefined, signPackage, { hash, name: 'plugin.wasm', key: 'none' });
    await expectCode('not_found', () => signing);
  });

  test('of an administrator acts for the authority', async () => {
    const client = await connectAs(admin, adminProofs);
    const created = await client.execute(createOrganisation, { name: 'globex' });
    const { organisations } = await client.execute(listOrganisations, {});
    expect(organisations.map(({ name }) => name)).toEqual(['acme', 'globex']);
    expect(organisations).toContainEqual(created);
  });

  test('of an administrator acts for an organisation by a chain that the server keeps, by name, id and DID', async () => {
    const client = await connectAs(admin, adminProofs);
    const shown = await client.executeFor('acme', showOrganisation, {});
    expect(shown).toMatchObject({ name: 'acme', did: acme });
    expect(await client.executeFor(shown.id, showOrganisation, {})).toEqual(shown);
    expect(await client.executeFor(acme, showOrganisation, {})).toEqual(shown);
    await expectCode('not_found', () => client.executeFor('none', showOrganisation, {}));
    await expectCode('usage', () => client.executeFor(undefined, showOrganisation, {}));
  });

  test('asks for a chain once, and uses it again', async () => {
    const client = await connectAs(admin, adminProofs);
    await client.executeFor(acme, showOrganisation, {});
    const before = server.requests.length;
    await client.executeFor(acme, showOrganisation, {});
    expect(server.requests).toHaveLength(before + 1);
  });

  test('hands delegations over beside the invocation', async () => {
    const client = await connectAs(admin, adminProofs);
    const own = await delegate(admin, ci, { command: '/mail' });
    const stored = await client.execute(storeDelegations, { delegations: [own.cid] }, [own]);
    expect(stored.stored).toHaveLength(1);
    expect((await client.execute(storeDelegations, { delegations: [own.cid] }, [own])).known).toEqual(stored.stored);
  });

  test('with a forged proof is refused here', async () => {
    const stranger = await principal('stranger');
    const forged = await delegate({ ...stranger, did: acme }, ci, { subject: acme });
    const client = await connectAs(ci, [forged]);
    await expectCode('invalid_token_signature', () => client.executeFor(acme, listKeys, {}));
  });

  test('addresses what it signs to the authority, for five minutes, each once', async () => {
    const client = await connectAs(ci, [fromAcme]);
    const args = { hash, name: 'plugin.wasm', key: 'release' };
    const { invocation, path } = await client.sign({ command: '/package/sign', subject: acme, args });
    expect(invocation).toMatchObject({ audience: authority.identity.did, issuer: ci.did, subject: acme });
    const ahead = (invocation.expiration ?? 0) - Date.now() / 1000;
    expect(ahead).toBeGreaterThan(290);
    expect(ahead).toBeLessThanOrEqual(300);
    expect(path).toEqual([fromAcme]);
    const again = await client.sign({ command: '/package/sign', subject: acme, args });
    expect(again.invocation.cid.equals(invocation.cid)).toBe(false);
  });
});
