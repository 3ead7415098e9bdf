import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Database } from '../../../src/store/engine/database.ts';
import { Effects, effectOf, loggedTables } from '../../../src/store/engine/effects.ts';
import type { TrustedKeyRow } from '../../../src/store/engine/schema.ts';
import { type Transaction, withSavepoint } from '../../../src/store/engine/transaction.ts';
import { insertOrganization } from '../../../src/store/tables/organizations.ts';
import { insertSignature } from '../../../src/store/tables/package-signatures.ts';
import { active } from '../../../src/store/tables/revocation-columns.ts';
import { insertSigningKey } from '../../../src/store/tables/signing-keys.ts';
import { insertTrustAcl } from '../../../src/store/tables/trust-acls.ts';
import { insertTrustedKey } from '../../../src/store/tables/trusted-keys.ts';
import { insertRevocation } from '../../../src/store/tables/ucan-revocations.ts';
import { signDelegation } from '../../../src/ucan/index.ts';
import { openStore } from '../../support/authority.ts';
import { failureOf } from '../../support/codes.ts';
import { engines } from '../../support/engines.ts';
import { readLoggedRows } from '../../support/tables.ts';
import { cidOf, keep } from '../../support/tokens.ts';
import { principals } from '../../support/ucan.ts';

const time = '2026-01-02T03:04:05.060Z';
const later = '9999-12-31T23:59:59.999Z';
const hash = 'ab'.repeat(32);
const bytes = (length: number, value = 7) => new Uint8Array(length).fill(value);
const id = (last: number) => `01890a5d-ac96-774b-bcce-b3020000000${last}`;

const organisation = (last: number, name: string) => ({
  id: id(last),
  name,
  did: `did:key:z${last}`,
  encryptedIdentityKey: bytes(60),
  hashSignaturesSince: null,
  publicVerificationSince: last === 1 ? time : null,
  verificationPolicy: null,
  createdAt: time,
});
const trusted: TrustedKeyRow = {
  id: id(4),
  orgId: id(1),
  keyFingerprint: hash,
  publicKey: bytes(32, 255),
  keyName: 'caf\u00e9 \u{1F600} \u0001',
  trustedAt: time,
  label: 'A vendor \u{1F511}',
  revokedAt: later,
  revocationReason: 'superseded',
  effectiveAt: time,
  effectiveIndex: 7,
};

describe.each(engines)('$name', (engine) => {
  let database: Database;

  beforeAll(async () => {
    database = await openStore(await engine.createUrl(), true);
  });

  afterAll(() => database.close());

  test('a row that is read back has the canonical form that it was written with, the same on every engine', async () => {
    const written = await database.transact('write', async (transaction) => {
      await insertOrganization(transaction, organisation(1, 'acme'));
      await insertOrganization(transaction, organisation(2, 'globex'));
      await insertTrustedKey(transaction, trusted);
      await insertTrustAcl(transaction, {
        id: id(5),
        parentOrgId: id(1),
        childOrgId: id(2),
        grantedAt: time,
        revokedAt: null,
      });
      await insertSigningKey(transaction, {
        id: id(3),
        orgId: id(1),
        keyName: 'release',
        encryptedPrivateKey: bytes(60, 0),
        publicKey: bytes(32),
        keyFingerprint: hash,
        createdAt: time,
        label: null,
        ...active,
      });
      const signature = { packageHash: hash, keyFingerprint: hash, signature: bytes(64), signedAt: time, format: 'v1' };
      const kept = {
        ...signature,
        id: id(6),
        statement: null,
        expiresAt: later,
        supersededAt: null,
        packageName: null,
      } as const;
      await insertSignature(transaction, { ...kept, format: 'v1' });
      const revocation = { delegationCid: 'zdpuA', revokedBy: 'did:key:zB', invocationCid: 'zdpuC' };
      await insertRevocation(transaction, { ...revocation, reason: '', revokedAt: time });
      return transaction.effects.list();
    });
    const rows = await readLoggedRows(database);
    expect(Object.fromEntries(rows)).toEqual(
      Object.fromEntries(written.map((each) => [`${each.table}/${each.key}`, each])),
    );
    const rowOf = (place: string) => rows.get(place)?.row;
    expect(rowOf(`organizations/${id(1)}`)).toEqual({
      id: id(1),
      name: 'acme',
      did: 'did:key:z1',
      encrypted_identity_key: bytes(60),
      public_verification_since: time,
      created_at: time,
    });
    expect(rowOf(`trusted_keys/${id(4)}`)).toEqual({
      id: id(4),
      org_id: id(1),
      key_fingerprint: hash,
      public_key: bytes(32, 255),
      key_name: 'caf\u00e9 \u{1F600} \u0001',
      label: 'A vendor \u{1F511}',
      trusted_at: time,
      revoked_at: later,
      revocation_reason: 'superseded',
      effective_at: time,
      effective_index: 7,
    });
    expect(rowOf('ucan_revocations/zdpuA did:key:zB')).toEqual({
      delegation_cid: 'zdpuA',
      revoked_by: 'did:key:zB',
      invocation_cid: 'zdpuC',
      reason: '',
      revoked_at: time,
    });
  });

  test('numbers beyond 32 bits, and what is a truth in one engine, are numbers in the other too', async () => {
    const [alice, bob] = await principals('alice', 'bob');
    if (alice === undefined || bob === undefined) throw new TypeError('there are two');
    const delegation = await signDelegation(alice, {
      audience: bob.did,
      subject: null,
      command: '/a',
      policy: [['==', '.a', 1.5]],
      notBefore: 2 ** 40,
      expiration: Number.MAX_SAFE_INTEGER,
      nonce: bytes(12),
    });
    await keep(database, [delegation], time);
    const effect = (await readLoggedRows(database)).get(`ucan_delegations/${cidOf(delegation)}`);
    expect(effect?.row).toEqual({
      cid: cidOf(delegation),
      envelope: delegation.bytes,
      iss: alice.did,
      aud: bob.did,
      cmd: '/a',
      pol: '[["==",".a",1.5]]',
      nbf: 2 ** 40,
      exp: Number.MAX_SAFE_INTEGER,
      is_root: 0,
      is_powerline: 1,
      created_at: time,
    });
  });

  test('a savepoint that is undone takes its effects along, and one that is kept adds them', async () => {
    await database.transact('write', async (transaction) => {
      const insert = (inner: Transaction, last: number) => insertOrganization(inner, organisation(last, `org-${last}`));
      await insert(transaction, 7);
      await failureOf(() =>
        withSavepoint(transaction, async (inner) => {
          await insert(inner, 8);
          throw new Error('on purpose');
        }),
      );
      await withSavepoint(transaction, (inner) => insert(inner, 9));
      expect(transaction.effects.list().map(({ key }) => key)).toEqual([id(7), id(9)]);
    });
  });
});

test('a row that is written several times counts once, as it was written last, and in that place', () => {
  const effects = new Effects();
  const row = (last: number, keyName: string): TrustedKeyRow => ({ ...trusted, id: id(last), keyName });
  effects.wrote('trustedKeys', row(1, 'first'));
  effects.wrote('trustedKeys', row(2, 'other'));
  effects.wrote('trustedKeys', row(1, 'second'));
  effects.removed('trustedKeys', row(3, 'gone'));
  expect(effects.list().map(({ key, row }) => [key, row?.['key_name']])).toEqual([
    [id(2), 'other'],
    [id(1), 'second'],
    [id(3), undefined],
  ]);
  expect(effects.list().at(-1)?.row).toBeNull();
});

test('a row of another table under the same key is another row', () => {
  const effects = new Effects();
  effects.wrote('organizations', organisation(1, 'acme'));
  effects.wrote('trustedKeys', { ...trusted, id: id(1) });
  expect(effects.list().map(({ table }) => table)).toEqual(['organizations', 'trusted_keys']);
});

test('an effect holds no number that an engine has given', () => {
  expect(loggedTables.length).toBe(13);
  const row = {
    id: 5,
    didId: 6,
    delegationCid: 'a',
    revokedBy: 'b',
    invocationCid: 'c',
    reason: null,
    revokedAt: time,
  };
  expect(effectOf('ucanRevocations', row)).toEqual({
    table: 'ucan_revocations',
    key: 'a b',
    row: { delegation_cid: 'a', revoked_by: 'b', invocation_cid: 'c', revoked_at: time },
  });
});
