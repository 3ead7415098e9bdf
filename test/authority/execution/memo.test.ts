import { describe, expect, test, vi } from 'vitest';
import { Memo } from '../../../src/authority/execution/memo.ts';
import {
  type Authority,
  createKey,
  type OrganisationDocument,
  resultOf,
  revokeKey,
  type SignedDocument,
  setOrganisation,
} from '../../../src/authority/index.ts';
import { verifyPublicly } from '../../../src/authority/verify-publicly.ts';
import { byRawKey, createAuthority, openUnlocked, query } from '../../support/authority.ts';
import { expectCode, failureOf } from '../../support/codes.ts';
import { engines } from '../../support/engines.ts';
import { expectWholeLog } from '../../support/log.ts';
import { createOutsider, type Outsider, send } from '../../support/outsider.ts';
import { revoke } from '../../support/tokens.ts';
import { failCommits, gatherWriters, holdCommit } from '../../support/transactions.ts';
import { delegate, principal } from '../../support/ucan.ts';

const hash = 'ab'.repeat(32);
const sign = { command: '/package/sign', args: { hash, name: 'a.wasm', key: 'release' } };
const signHash = { command: '/package/sign-hash', args: { hash, key: 'release' } };
const show = { command: '/org/show', args: {} };

describe('a memo', () => {
  test('gives what was read once in its generation, whatever that was', async () => {
    const memo = new Memo();
    for (const value of ['read', 0, null, undefined]) {
      const load = vi.fn(async () => value);
      for (let round = 0; round < 3; round++) expect(await memo.at(1)(`name ${value}`, load)).toBe(value);
      expect(load).toHaveBeenCalledTimes(1);
    }
  });

  test('forgets all when the generation is newer', async () => {
    const memo = new Memo();
    await memo.at(1)('name', async () => 'old');
    expect(await memo.at(2)('name', async () => 'new')).toBe('new');
    expect(await memo.at(2)('name', async () => 'never read')).toBe('new');
  });

  test('neither shows anything to an older generation nor takes anything from it', async () => {
    const memo = new Memo();
    await memo.at(2)('name', async () => 'new');
    expect(await memo.at(1)('name', async () => 'old')).toBe('old');
    expect(await memo.at(1)('other', async () => 'old')).toBe('old');
    expect(await memo.at(2)('name', async () => 'never read')).toBe('new');
    expect(await memo.at(2)('other', async () => 'new')).toBe('new');
  });

  test('does not take what was begun before a newer generation and comes after it', async () => {
    const memo = new Memo();
    const old = Promise.withResolvers<string>();
    const recall = memo.at(1);
    const reading = recall('name', () => old.promise);
    expect(await memo.at(2)('other', async () => 'new')).toBe('new');
    old.resolve('old');
    expect(await reading).toBe('old');
    expect(await recall('other', async () => 'old')).toBe('old');
    expect(await memo.at(2)('name', async () => 'new')).toBe('new');
    expect(await memo.at(2)('other', async () => 'never read')).toBe('new');
  });

  test('keeps no failure', async () => {
    const memo = new Memo();
    await expect(memo.at(1)('name', () => Promise.reject(new RangeError('on purpose')))).rejects.toThrow(RangeError);
    expect(await memo.at(1)('name', async () => 'read')).toBe('read');
  });

  test('does not grow without an end', async () => {
    const recall = new Memo().at(1);
    const load = vi.fn(async () => 'read');
    for (let index = 0; index <= 10_000; index++) await recall(`name ${index}`, load);
    await recall('name 10000', load);
    expect(load).toHaveBeenCalledTimes(10_001);
    await recall('name 0', load);
    expect(load).toHaveBeenCalledTimes(10_002);
  });
});

describe.each(engines)('$name', (engine) => {
  describe('of what was rolled back', () => {
    test('the row of an invoker who is new is not remembered', async () => {
      await using world = await open();
      const { authority, outsider, url } = world;
      const signed = await outsider.signFor(sign);
      failCommits(authority.database, 1);
      await expectCode('unavailable', () => send(authority, signed));
      expect(resultOf(await send(authority, signed))).toMatchObject({ key: 'release' });
      resultOf(await send(authority, await outsider.signFor(sign)));
      expect(await invokersOf(url, '/package/sign')).toEqual([outsider.signer.did, outsider.signer.did]);
      await expectWholeLog(url);
    });

    test('nor is one that the handler made', async () => {
      await using world = await open();
      const { authority, outsider, url } = world;
      const own = await delegate(outsider.signer, await principal('friend'));
      const storing = await outsider.sign({ command: '/delegation/store', args: { delegations: [own.cid] } }, [own]);
      failCommits(authority.database, 1);
      await expectCode('unavailable', () => send(authority, storing));
      resultOf(await send(authority, await outsider.signFor(sign)));
      resultOf(await send(authority, storing));
      expect(await invokersOf(url, '/package/sign')).toEqual([outsider.signer.did]);
      expect(await invokersOf(url, '/delegation/store')).toEqual([outsider.signer.did]);
      await expectWholeLog(url);
    });

    test('a revocation that shared the transaction counts for nobody', async () => {
      await using world = await open();
      const { authority, outsider, url } = world;
      const friend = await outsider.passOn('friend');
      const signed = await friend.signFor(sign);
      const writers = await gatherWriters(authority, 2, () => failCommits(authority.database, 1));
      const revoking = expectCode('unavailable', () => takeBack(authority, outsider, friend));
      await writers.asked(1);
      // It saw the revocation in the transaction, which then came to nothing.
      await failureOf(() => send(authority, signed));
      await revoking;
      expect(await query(url, 'select id from ucan_revocations')).toEqual([]);
      expect(resultOf(await send(authority, signed))).toMatchObject({ key: 'release' });
    });

    test('a setting of the organisation that shared the transaction counts for nobody', async () => {
      await using world = await open();
      const { authority, outsider } = world;
      const writers = await gatherWriters(authority, 2, () => failCommits(authority.database, 1));
      const setting = expectCode('unavailable', () => allowHashSignatures(authority));
      await writers.asked(1);
      const signed = await outsider.signFor(signHash);
      await failureOf(() => send(authority, signed));
      await setting;
      expect(await send(authority, signed)).toMatchObject({ refusal: { code: 'bad_input' } });
      expect(await isAllowed(world)).toBe('off');
    });
  });

  test.each(['committed', 'rolled back'])('what is %s later is seen by nobody before', async (end) => {
    await using world = await open();
    const { authority } = world;
    expect(await isAllowed(world)).toBe('off');
    const held = holdCommit(authority.database);
    const setting = Promise.allSettled([allowHashSignatures(authority)]);
    await held.reached;
    expect(await isAllowed(world)).toBe('off');
    if (end === 'committed') held.release();
    else held.fail();
    expect(await setting).toMatchObject([{ status: end === 'committed' ? 'fulfilled' : 'rejected' }]);
    expect(await isAllowed(world)).toBe(end === 'committed' ? 'on' : 'off');
  });

  describe('what another process has done is seen by the next request:', () => {
    test('the revocation of a proof', async () => {
      await using world = await open();
      const { authority, outsider, url } = world;
      await using other = await openUnlocked(url, {}, byRawKey(1));
      const friend = await outsider.passOn('friend');
      const ask = async () => send(authority, await friend.signFor(sign));
      for (let round = 0; round < 2; round++) expect(resultOf(await ask())).toMatchObject({ key: 'release' });
      await takeBack(other, outsider, friend);
      await expectCode('token_revoked', ask);
    });

    test('the revocation of a proof, between the authorisation and the turn to write', async () => {
      await using world = await open();
      const { authority, outsider, url } = world;
      await using other = await openUnlocked(url, {}, byRawKey(1));
      const friend = await outsider.passOn('friend');
      const write = authority.writer.write.bind(authority.writer);
      const spy = vi.spyOn(authority.writer, 'write').mockImplementationOnce(async (act) => {
        await takeBack(other, outsider, friend);
        return write(act);
      });
      await expectCode('token_revoked', async () => send(authority, await friend.signFor(sign)));
      expect(spy).toHaveBeenCalledTimes(1);
      expect(await query(url, "select id from ucan_invocations where cmd = '/package/sign'")).toEqual([]);
    });

    test('the revocation of a signing key, and what takes its name', async () => {
      await using world = await open();
      const { authority, outsider } = world;
      await using other = await openUnlocked(world.url, {}, byRawKey(1));
      const ask = async () => send(authority, await outsider.signFor(sign));
      const before = resultOf(await ask()) as SignedDocument;
      await other.executeFor('acme', revokeKey, { name: 'release' });
      expect(await ask()).toMatchObject({ refusal: { code: 'key_revoked' } });
      const { fingerprint } = await other.executeFor('acme', createKey, { name: 'release' });
      expect(resultOf(await ask())).toMatchObject({ key_fingerprint: fingerprint });
      expect(fingerprint).not.toBe(before.key_fingerprint);
    });

    test('a setting of the organisation', async () => {
      await using world = await open();
      const { authority, outsider } = world;
      await using other = await openUnlocked(world.url, {}, byRawKey(1));
      const ask = async () => send(authority, await outsider.signFor(signHash));
      expect(await ask()).toMatchObject({ refusal: { code: 'bad_input' } });
      await allowHashSignatures(other);
      expect(resultOf(await ask())).toMatchObject({ key: 'release' });
      expect(await isAllowed(world)).toBe('on');
      await other.executeFor('acme', setOrganisation, { hash_signatures: 'off' });
      expect(await ask()).toMatchObject({ refusal: { code: 'bad_input' } });
    });

    test('what anybody learns about a signature', async () => {
      await using world = await open();
      const { authority, outsider } = world;
      await using other = await openUnlocked(world.url, {}, byRawKey(1));
      const { signature } = resultOf(await send(authority, await outsider.signFor(sign))) as SignedDocument;
      const ask = async () =>
        (await verifyPublicly(authority, { hash, name: 'a.wasm', signatures: [signature], organisation: 'acme' }))
          .verified;
      expect(await ask()).toBe(false);
      await other.executeFor('acme', setOrganisation, { public_verification: 'on' });
      expect(await ask()).toBe(true);
      await other.executeFor('acme', revokeKey, { name: 'release' });
      expect(await ask()).toBe(false);
    });
  });

  async function open(): Promise<World> {
    const url = await engine.createUrl();
    const { authority } = await createAuthority(url);
    await authority.executeFor('acme', createKey, { name: 'release' });
    const outsider = await createOutsider(authority, 'outsider');
    return { url, authority, outsider, [Symbol.asyncDispose]: () => authority.close() };
  }
});

interface World extends AsyncDisposable {
  readonly url: string;
  readonly authority: Authority;
  readonly outsider: Outsider;
}

async function isAllowed({ authority, outsider }: World): Promise<unknown> {
  const answer = resultOf(await send(authority, await outsider.signFor(show))) as OrganisationDocument;
  return answer.hash_signatures;
}

function allowHashSignatures(authority: Authority): Promise<unknown> {
  return authority.executeFor('acme', setOrganisation, { hash_signatures: 'on' });
}

// What somebody has passed on to a friend, about the organisation.
async function takeBack(authority: Authority, { signer }: Outsider, friend: Outsider): Promise<void> {
  const passedOn = friend.ofOrganisation.at(-1);
  if (passedOn) await revoke(authority, signer, passedOn, {}, [passedOn]);
}

async function invokersOf(url: string, command: string): Promise<unknown[]> {
  const rows = await query(
    url,
    'select d.did from ucan_invocations i join did_documents d on d.id = i.did_id where i.cmd = $1',
    [command],
  );
  return rows.map((row) => row['did']);
}
