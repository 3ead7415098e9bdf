import type { CID } from 'multiformats/cid';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { resultOf } from '../../../src/authority/execution/result-of.ts';
import {
  type Authority,
  addTrust,
  createKey,
  exportKey,
  openSigner,
  pruneDelegations,
  revokeKey,
  type StoredDocument,
  storeDelegations,
} from '../../../src/authority/index.ts';
import { importPublicKey } from '../../../src/crypto/ed25519.ts';
import { Secret } from '../../../src/crypto/secret.ts';
import { encodeEd25519DidKey } from '../../../src/did/did-key.ts';
import type { HanaperEvent } from '../../../src/events.ts';
import {
  type ContainerEncoding,
  computeCid,
  containerEncodings,
  type Delegation,
  decodeDelegation,
  encodeContainer,
  formatCid,
} from '../../../src/ucan/index.ts';
import { createAuthority, importSeed, query } from '../../support/authority.ts';
import { expectCode, failureOf } from '../../support/codes.ts';
import { engines } from '../../support/engines.ts';
import {
  cidOf,
  cidsOfAll,
  containerOf,
  type HasBytes,
  storeAtOnce,
  twinOf,
  unsortedContainerOf,
} from '../../support/tokens.ts';
import {
  delegate,
  delegationFields,
  invoke,
  keyTypes,
  now,
  type Principal,
  principal,
  principals,
  rawDelegation,
  resign,
  signRaw,
} from '../../support/ucan.ts';
import { flipBit, fromHex } from '../../support/vectors.ts';
import { createVerifyingPrincipals } from '../../support/verifying-keys.ts';

describe.each(engines)('$name', (engine) => {
  let url: string;
  let authority: Authority;
  let events: HanaperEvent[];
  let alice: Principal;
  let bob: Principal;
  let time = now;

  beforeAll(async () => {
    url = await engine.createUrl();
    ({ authority, events } = await createAuthority(url, { clock: () => new Date(time * 1000) }));
    [alice, bob] = (await principals('alice', 'bob')) as [Principal, Principal];
  });

  beforeEach(() => {
    time = now;
    events.length = 0;
  });

  afterAll(() => authority.close());

  const storeBy = async (given: readonly HasBytes[], encoding: ContainerEncoding = 'base64url', wanted = given) => {
    const cids = wanted.map(({ bytes }) => computeCid(bytes));
    const asking = await ask(cids);
    return send(
      await encodeContainer(
        [asking, ...given].map(({ bytes }) => bytes),
        encoding,
      ),
    );
  };
  const ask = async (delegations: readonly CID[]) => {
    const signer = await openSigner(authority, 'authority');
    const claims = { command: '/delegation/store', args: { delegations }, expiration: time };
    return invoke(signer, signer, [], claims);
  };
  const send = async (container: Uint8Array) => resultOf(await authority.executeContainer(container)) as StoredDocument;
  const readCids = async () =>
    (await query(url, 'select cid from ucan_delegations order by id')).map((row) => String(row['cid']));
  const readDids = async () => (await query(url, 'select did from did_documents order by id')).map((row) => row['did']);

  async function expectNothing(code: Parameters<typeof expectCode>[0], act: () => Promise<unknown>): Promise<void> {
    await expectNothingKept(code, act);
    expect(events).toMatchObject([
      { name: 'ucan.delegation.store_failed', reason: code, details: { command: '/delegation/store' } },
    ]);
  }

  async function expectNothingKept(code: Parameters<typeof expectCode>[0], act: () => Promise<unknown>): Promise<void> {
    const before = [await readCids(), await readDids()];
    events.length = 0;
    const error = await expectCode(code, act);
    expect([await readCids(), await readDids()]).toEqual(before);
    expect(error.message.length).toBeLessThan(500);
  }

  test.each(keyTypes)('a delegation by a %s key is stored, reported, and known from then on', async (keyType) => {
    const token = await delegate(await principal('issuer', keyType), bob, { command: '/package' });
    expect(await storeAtOnce(authority, [token])).toEqual({ stored: [cidOf(token)], known: [] });
    expect(events).toEqual([
      {
        name: 'ucan.delegation.stored',
        time: new Date(now * 1000).toISOString(),
        details: { cid: cidOf(token), issuer: token.issuer, audience: bob.did, command: '/package' },
      },
    ]);
    events.length = 0;
    expect(await storeAtOnce(authority, [token])).toEqual({ stored: [], known: [cidOf(token)] });
    expect(events).toEqual([]);
    expect((await readCids()).filter((cid) => cid === cidOf(token))).toHaveLength(1);
  });

  test.each(createVerifyingPrincipals())(
    'a delegation by a key of $name is stored, and known from then on',
    async (issuer) => {
      const fields = delegationFields(issuer.did, bob.did);
      const bytes = await signRaw({ ...issuer, keyType: 'ed25519' }, fields, { header: issuer.header });
      const token = decodeDelegation(bytes);
      expect(await storeAtOnce(authority, [token])).toEqual({ stored: [cidOf(token)], known: [] });
      expect(await readDids()).toContain(issuer.did);
      expect(await storeAtOnce(authority, [token])).toEqual({ stored: [], known: [cidOf(token)] });
    },
  );

  test.each(containerEncodings)('a container in %s is taken', async (encoding) => {
    const tokens = [await delegate(alice, bob), await delegate(bob, alice)];
    const { stored } = await storeBy(tokens, encoding);
    expect([...stored].sort()).toEqual(cidsOfAll(tokens).sort());
  });

  test('of the delegations in a container those are stored that are named', async () => {
    const [one, two] = [await delegate(alice, bob), await delegate(alice, bob)];
    expect(await storeBy([one, two], 'base64url', [two])).toEqual({ stored: [cidOf(two)], known: [] });
    expect(await readCids()).not.toContain(cidOf(one));
  });

  test('of a container some of which is known the rest is stored', async () => {
    const [one, two] = [await delegate(alice, bob), await delegate(alice, bob)];
    await storeAtOnce(authority, [one]);
    expect(await storeAtOnce(authority, [one, two])).toEqual({ stored: [cidOf(two)], known: [cidOf(one)] });
  });

  test('a token that lies in a container twice, or is named twice, is stored and reported once', async () => {
    const [one, two] = [await delegate(alice, bob), await delegate(alice, bob)];
    const twice = unsortedContainerOf([one, await ask([one.cid]), one]);
    expect(await send(new TextEncoder().encode(twice))).toEqual({ stored: [cidOf(one)], known: [] });
    expect(await storeAtOnce(authority, [two, two])).toEqual({ stored: [cidOf(two)], known: [] });
    expect(events.map(({ name }) => name)).toEqual(['ucan.delegation.stored', 'ucan.delegation.stored']);
  });

  test('two hundred tokens are stored at once', async () => {
    const tokens = await Promise.all(Array.from({ length: 200 }, () => delegate(alice, bob, { subject: null })));
    const { stored, known } = await storeAtOnce(authority, tokens);
    expect([...stored].sort()).toEqual(cidsOfAll(tokens).sort());
    expect(known).toEqual([]);
    expect(events).toHaveLength(200);
    expect(await readCids()).toEqual(expect.arrayContaining(cidsOfAll(tokens)));
  });

  test('more tokens than a container holds beside the invocation are refused', async () => {
    const tokens = await Promise.all(Array.from({ length: 256 }, () => delegate(alice, bob)));
    const asking = await ask([(tokens[0] as Delegation).cid]);
    const container = new TextEncoder().encode(unsortedContainerOf([asking, ...tokens]));
    await expectNothingKept('malformed_token', () => send(container));
    await expectNothing('bad_input', () => storeAtOnce(authority, tokens));
    expect((await storeAtOnce(authority, tokens.slice(1))).stored).toHaveLength(255);
  });

  test('a delegation that does not lie beside the invocation is refused, though it is stored already', async () => {
    const [one, two] = [await delegate(alice, bob), await delegate(alice, bob)];
    const delegations = [one.cid, two.cid];
    await expectNothing('bad_input', () => authority.execute(storeDelegations, { delegations }, [one]));
    await expectNothing('bad_input', () => authority.execute(storeDelegations, { delegations }));
    await storeAtOnce(authority, [two]);
    const { details } = await expectCode('bad_input', () =>
      authority.execute(storeDelegations, { delegations }, [one]),
    );
    expect(details).toEqual({ field: 'delegations', cid: cidOf(two) });
  });

  describe('a container is refused whole for', () => {
    const forgeries: [string, (good: Delegation) => Promise<Uint8Array> | Uint8Array][] = [
      ['a signature with one bit turned', (good) => resign(good, flipBit(good.envelope.signature, 5))],
      ['a signature of nothing', (good) => resign(good, new Uint8Array(64))],
      ['an empty signature', (good) => resign(good, new Uint8Array(0))],
      ['the signature of another token', async (good) => resign(good, (await delegate(alice, bob)).envelope.signature)],
      ['a token that somebody else signed', () => rawDelegation(bob, { iss: alice.did })],
      ['an issuer whose key cannot be known', () => rawDelegation(alice, { iss: 'did:web:example.org' })],
    ];
    test.each(forgeries)('%s', async (_, forge) => {
      const good = await delegate(alice, bob);
      const forged = decodeDelegation(await forge(good));
      await expectNothing('invalid_token_signature', () => storeAtOnce(authority, [good, forged]));
      await expectNothing('invalid_token_signature', () => storeBy([good, forged]));
    });

    test('an invocation in it beside the one that asks', async () => {
      const tokens = [await delegate(alice, bob), await invoke(alice, alice)];
      await expectNothingKept('bad_input', () => storeBy(tokens, 'base64', tokens.slice(0, 1)));
      const { cid } = await invoke(alice, alice);
      await expectNothing('bad_input', () => authority.execute(storeDelegations, { delegations: [cid] }));
    });

    test('nothing that is named', () => expectNothing('bad_input', () => storeAtOnce(authority, [])));

    test.each<[string, () => string | Promise<string>]>([
      ['no container', () => 'hello'],
      ['another alphabet than it says', async () => `C${(await good()).slice(1)}==`],
      ['half a container', async () => (await good()).slice(0, 60)],
      ['bytes that are no token', () => unsortedContainerOf([{ bytes: Uint8Array.of(1, 2, 3) }])],
      ['an empty token', () => unsortedContainerOf([{ bytes: new Uint8Array(0) }])],
      ['a token with a byte after its end', async () => unsortedContainerOf([await longer()])],
      ['text beyond ASCII', () => 'Bäöü'],
    ])('%s', (_, container) =>
      expectNothingKept('malformed_token', async () => send(new TextEncoder().encode(await container()))),
    );

    const good = async () => {
      const token = await delegate(alice, bob);
      return containerOf([token, await ask([token.cid])]);
    };
    const longer = async () => ({ bytes: Uint8Array.of(...(await delegate(alice, bob)).bytes, 0) });
  });

  test('a delegation with any command is stored, or refused for it', async () => {
    for (const cmd of ['/a\u0000b', '/\u0001', '/\ufffd', '/a b']) {
      const token = { bytes: await rawDelegation(alice, { cmd }) };
      const failure = await failureOf(() => storeBy([token]));
      if (failure !== undefined) expect(failure).toMatchObject({ code: 'malformed_token' });
    }
  });

  test('subjects and issuers become principals, each with the document of its DID, whatever its method', async () => {
    const issuer = await principal('an issuer', 'p256');
    const web = 'did:web:example.org';
    await storeAtOnce(authority, [await delegate(issuer, bob, { subject: web })]);
    const read = async (did: string) =>
      (await query(url, 'select kind, document from did_documents where did = $1', [did]))[0];
    expect(await read(web)).toMatchObject({ kind: 'stranger' });
    expect(JSON.parse(String((await read(web))?.['document']))).toEqual({ id: web });
    const document = JSON.parse(String((await read(issuer.did))?.['document']));
    expect(document).toMatchObject({ id: issuer.did, capabilityDelegation: [document.verificationMethod[0].id] });
  });

  test.each(['did:key:z6MkNothing', 'did:key:zQm', `did:key:z6Mk${'1'.repeat(44)}`, 'did:example:a'])(
    'a delegation about %s is stored, or refused for it',
    async (subject) => {
      const failure = await failureOf(async () => storeAtOnce(authority, [await delegate(alice, bob, { subject })]));
      if (failure !== undefined)
        expect(failure).toMatchObject({
          name: 'HanaperError',
          code: expect.stringMatching(/^(bad_input|(malformed|weak)_key)$/),
        });
    },
  );

  test('what was signed twice by the same ECDSA key under one payload is two tokens', async () => {
    const token = await delegate(await principal('issuer', 'secp256k1'), bob);
    const twin = decodeDelegation(twinOf(token));
    expect((await storeAtOnce(authority, [token, twin])).stored).toHaveLength(2);
  });

  describe('signing keys are for packages, identity keys for tokens', () => {
    let signingKey: Principal;
    let counter = 0;

    // A principal whose key is, by a name that is nobody's yet, for packages here.
    beforeEach(async () => {
      signingKey = await principal(`${engine.name} package key ${++counter}`);
    });
    const importIt = () =>
      importSeed(authority, 'acme', { name: `imported-${counter}`, seed: Secret.copyOf(signingKey.privateKey) });
    const trustIt = () =>
      authority.executeFor('acme', addTrust, { public_key: Buffer.from(signingKey.publicKey.bytes).toString('hex') });

    test.each([
      ['signs', importIt],
      ['is trusted', trustIt],
    ])('a delegation by a key that %s here is refused', async (_, know) => {
      await know();
      const tokens: Delegation[] = [
        await delegate(signingKey, bob),
        await delegate(signingKey, bob, { subject: null }),
        await delegate(signingKey, bob, { subject: alice.did }),
      ];
      for (const token of tokens) await expectNothing('bad_input', () => storeAtOnce(authority, [token]));
      await expectNothing('bad_input', async () => storeAtOnce(authority, [await delegate(alice, bob), ...tokens]));
    });

    test('a delegation about a key that signs here, or to it, is refused', async () => {
      await importIt();
      await expectNothing('bad_input', async () => storeAtOnce(authority, [await delegate(alice, signingKey)]));
      await expectNothing('bad_input', async () =>
        storeAtOnce(authority, [await delegate(alice, bob, { subject: signingKey.did })]),
      );
    });

    test.each<[string, () => Promise<Delegation>]>([
      ['issues about itself', () => delegate(signingKey, bob)],
      ['issues a powerline', () => delegate(signingKey, bob, { subject: null })],
      ['passes on', () => delegate(signingKey, bob, { subject: alice.did })],
    ])('a key that %s here is taken neither as a signing key nor as a trusted one', async (_, make) => {
      await storeAtOnce(authority, [await make()]);
      expect((await expectCode('bad_input', importIt)).details['reason']).toBe('identity key');
      expect((await expectCode('bad_input', trustIt)).details['reason']).toBe('identity key');
    });

    test.each<[string, () => Promise<Delegation>]>([
      ['is the audience', () => delegate(alice, signingKey)],
      ['is the subject', () => delegate(alice, bob, { subject: signingKey.did })],
    ])(
      'a key that %s here is not taken in as a signing key; a public key of somebody else is still trusted',
      async (_, make) => {
        await storeAtOnce(authority, [await make()]);
        expect((await expectCode('bad_input', importIt)).details['reason']).toBe('identity key');
        expect(await trustIt()).toMatchObject({ revoked_at: null });
      },
    );

    test('a delegation about a signing key that was revoked is refused', async () => {
      const { name } = await authority.executeFor('acme', createKey, { name: `made-${counter}` });
      const { public_key } = await authority.executeFor('acme', exportKey, { name });
      await authority.executeFor('acme', revokeKey, { name });
      const subject = encodeEd25519DidKey(importPublicKey(fromHex(public_key)));
      await expectNothing('bad_input', async () => storeAtOnce(authority, [await delegate(alice, bob, { subject })]));
    });
  });

  test('what expired is removed once clocks cannot differ any more, and nothing else', async () => {
    const make = (expiration: number | null) => delegate(bob, alice, { command: '/pruned', expiration });
    const tokens = [await make(now - 61), await make(now - 60), await make(now), await make(null)];
    await storeAtOnce(authority, tokens);
    const present = async () => (await readCids()).filter((cid) => cidsOfAll(tokens).includes(cid)).sort();
    const prune = () => authority.execute(pruneDelegations, {});
    expect(await prune()).toEqual({ removed: 1 });
    expect(await present()).toEqual(cidsOfAll(tokens.slice(1)).sort());
    expect(await prune()).toEqual({ removed: 0 });
    time = now + 61;
    expect(await prune()).toEqual({ removed: 2 });
    expect(await present()).toEqual([formatCid(tokens[3]?.cid as Delegation['cid'])]);
  });

  test('a locked authority stores and removes nothing', async () => {
    const other = await createAuthority(await engine.createUrl());
    other.authority.lock();
    await expectCode('locked', async () => storeAtOnce(other.authority, [await delegate(alice, bob)]));
    await expectCode('locked', () => other.authority.execute(pruneDelegations, {}));
    expect(other.events.map(({ name, reason }) => [name, reason])).toEqual([
      ['vault.locked', undefined],
      ['ucan.delegation.store_failed', 'locked'],
    ]);
    await other.authority.close();
  });
});
