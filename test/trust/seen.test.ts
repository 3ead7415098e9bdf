import { describe, expect, test } from 'vitest';
import {
  aheadOf,
  checkBundle,
  formatSeen,
  knowsBefore,
  laterOf,
  nothingSeen,
  openBundle,
  parseSeen,
  type SeenTrust,
  type TrustBundle,
  wasSeen,
  withoutSeen,
} from '../../src/trust/index.ts';
import { expectCode } from '../support/codes.ts';
import { createSigner, now, signBy } from '../support/fixtures.ts';
import { createAuthority, exportBundle, stateKey, stateOf, TestLog } from '../support/trust.ts';
import { countUp } from '../support/vectors.ts';

const [alice, bob] = [await createSigner('alice'), await createSigner('bob')];
const authority = await createAuthority();
const log = await TestLog.create(authority);
for (let index = 0; index < 12; index++) await log.append(await signBy(alice, 'ab'.repeat(32)));
const later = (seconds: number) => new Date(now.getTime() + 1000 * seconds);

async function bundleOf(
  version: number,
  size: number,
  changes: { by?: TestLog; issuedAt?: Date; of?: typeof alice; besides?: typeof alice } = {},
): Promise<TrustBundle> {
  const { by = log, issuedAt = now, of = alice, besides } = changes;
  const keys = [of, ...(besides ? [besides] : [])];
  const state = stateOf(
    keys.map((key) => stateKey(key)),
    { version },
  );
  const claims = { issuedAt: issuedAt.toISOString(), checkpoint: await by.checkpoint(size) };
  return openBundle(await exportBundle(by, state, claims), { authority: authority.did, now });
}

async function see(...bundles: readonly TrustBundle[]): Promise<SeenTrust> {
  return bundles.reduce((seen, bundle) => checkBundle(seen, bundle), nothingSeen);
}

describe('what was seen', () => {
  test('is written, and read back', async () => {
    const seen = await see(await bundleOf(3, 5), await bundleOf(1, 6, { of: bob }));
    expect(parseSeen(Buffer.from(formatSeen(seen)))).toEqual(seen);
    expect(parseSeen(Buffer.from(formatSeen(nothingSeen)))).toEqual(nothingSeen);
  });

  test('is the version of each organisation, the last checkpoint and the latest time of issue', async () => {
    const [first, second] = [await bundleOf(3, 5), await bundleOf(4, 9)];
    const seen = (await see(first, second)).authorities[authority.did];
    expect(seen).toEqual({
      latest_time: now.toISOString(),
      organizations: {
        [first.state.organisation.did]: {
          version: 4,
          log_size: 9,
          state_sha256: expect.stringMatching(/^[\da-f]{64}$/),
        },
      },
      log: { origin: log.key.origin, checkpoint: second.checkpoint },
    });
  });

  test('keeps the longest checkpoint of an authority whose organisations export at different times', async () => {
    const [acme, other] = [await bundleOf(3, 9), await bundleOf(1, 5, { of: bob })];
    const seen = await see(acme, other, acme, other);
    expect(seen.authorities[authority.did]?.log.checkpoint).toBe(acme.checkpoint);
  });

  test('of one authority says nothing of another', async () => {
    const stranger = await createAuthority(countUp(32, 0x31));
    const elsewhere = await TestLog.create(stranger);
    const bundle = await openBundle(await exportBundle(elsewhere, stateOf([stateKey(alice)])), {
      authority: stranger.did,
      now,
    });
    const seen = checkBundle(await see(await bundleOf(3, 5)), bundle);
    expect(Object.keys(seen.authorities)).toEqual([authority.did, stranger.did]);
  });
});

describe('a bundle is taken', () => {
  test('of the version that an earlier program has remembered without what it said', async () => {
    const seen = await see(await bundleOf(3, 5));
    const own = seen.authorities[authority.did];
    const [[did = ''] = []] = Object.entries(own?.organizations ?? {});
    const older = { ...own, organizations: { [did]: { version: 3, log_size: 5 } } };
    const read = parseSeen(Buffer.from(JSON.stringify({ version: 1, authorities: { [authority.did]: older } })));
    expect(checkBundle(read, await bundleOf(3, 5, { besides: bob })).authorities[authority.did]).toMatchObject({
      organizations: { [did]: { state_sha256: expect.any(String) } },
    });
  });

  test('that is the same, or newer, or rests on a longer log', async () => {
    await see(
      await bundleOf(3, 5),
      await bundleOf(3, 5),
      await bundleOf(3, 6),
      await bundleOf(4, 6),
      await bundleOf(9, 12),
    );
  });
});

describe('a bundle is refused', () => {
  test('of a lower version', async () => {
    const seen = await see(await bundleOf(3, 5));
    const { details } = await expectCode('bundle_rolled_back', async () => checkBundle(seen, await bundleOf(2, 5)));
    expect(details).toEqual({ reason: 'version', seen: 3, now: 2 });
    await expectCode('bundle_rolled_back', async () => checkBundle(seen, await bundleOf(2, 9)));
  });

  test('of the same version that rests on a shorter log', async () => {
    const seen = await see(await bundleOf(3, 5));
    const { details } = await expectCode('bundle_rolled_back', async () => checkBundle(seen, await bundleOf(3, 4)));
    expect(details).toEqual({ reason: 'log', seen: 5, now: 4 });
  });

  test('of the same version that says something else, however long its log is', async () => {
    const seen = await see(await bundleOf(3, 5));
    for (const size of [4, 5, 9]) {
      const forked = await bundleOf(3, size, { besides: bob });
      const { details } = await expectCode('bundle_rolled_back', () => checkBundle(seen, forked));
      expect(details).toMatchObject({ reason: 'forked' });
    }
    checkBundle(seen, await bundleOf(4, 9, { besides: bob }));
  });

  test('of a higher version that rests on a shorter log', async () => {
    const seen = await see(await bundleOf(3, 5));
    const { details } = await expectCode('log_rolled_back', async () => checkBundle(seen, await bundleOf(4, 4)));
    expect(details).toMatchObject({ reason: 'shorter', seen: 5, now: 4 });
  });

  test('that rests on a log of other entries', async () => {
    const fork = await TestLog.create(authority);
    for (let index = 0; index < 12; index++) await fork.append(await signBy(bob, 'ab'.repeat(32)));
    const seen = await see(await bundleOf(3, 5));
    const { details } = await expectCode('log_rolled_back', async () =>
      checkBundle(seen, await bundleOf(4, 5, { by: fork })),
    );
    expect(details).toMatchObject({ reason: 'forked', seen: 5, now: 5 });
  });

  test('where one must have been seen before, and none was', async () => {
    const bundle = await bundleOf(3, 5);
    expect(withoutSeen(bundle)).toMatchObject({ code: 'bundle_rolled_back', details: { reason: 'no state' } });
    expect(knowsBefore(nothingSeen, bundle)).toBe(false);
    const seen = await see(bundle);
    expect(knowsBefore(seen, bundle)).toBe(true);
    const organisation = { did: 'did:key:z6MkOther', name: 'other' };
    expect(knowsBefore(seen, { ...bundle, state: { ...bundle.state, organisation } })).toBe(false);
    expect(knowsBefore(seen, { ...bundle, authority: 'did:key:z6MkOther' })).toBe(false);
  });
});

describe('the present', () => {
  test('is that of the clock where nothing was seen, or nothing later', async () => {
    expect(laterOf(nothingSeen, authority.did, later(-99))).toEqual(later(-99));
    expect(laterOf(await see(await bundleOf(1, 1)), authority.did, later(1))).toEqual(later(1));
    expect(laterOf(await see(await bundleOf(1, 1)), 'did:key:z6MkOther', later(-99))).toEqual(later(-99));
  });

  test('is never before what was seen, however far the clock jumps back', async () => {
    const seen = await see(await bundleOf(1, 1));
    for (const clock of [later(-1), new Date(0)]) expect(laterOf(seen, authority.did, clock)).toEqual(now);
  });

  test('is at least when the authority made the bundle', async () => {
    const seen = await see(await bundleOf(1, 1, { issuedAt: later(50) }));
    expect(laterOf(seen, authority.did, now)).toEqual(later(50));
  });

  test('lets a bundle that had expired when a newer one was issued not be opened by a clock that was put back', async () => {
    const month = 31 * 86_400;
    const bytes = await exportBundle(log, stateOf([stateKey(alice)]));
    const seen = checkBundle(nothingSeen, { ...(await bundleOf(2, 1)), issuedAt: later(month).toISOString() });
    const present = laterOf(seen, authority.did, now);
    await expectCode('bundle_expired', () => openBundle(bytes, { authority: authority.did, now: present }));
  });

  test('is told to be ahead of the clock only where that is more than a minute behind it', async () => {
    const seen = await see(await bundleOf(1, 1));
    expect(aheadOf(seen, authority.did, later(-60))).toBeUndefined();
    expect(aheadOf(seen, authority.did, later(-61))).toBe(now.toISOString());
    expect(aheadOf(seen, 'did:key:z6MkOther', later(-61))).toBeUndefined();
  });
});

test('a checkpoint was seen that is the very one remembered', async () => {
  const [seen, { rest }] = [await see(await bundleOf(1, 5)), await bundleOf(1, 5)];
  expect(wasSeen(seen, authority.did, rest)).toBe(true);
  expect(wasSeen(seen, authority.did, { ...rest, size: 6 })).toBe(false);
  expect(wasSeen(seen, authority.did, { ...rest, root: countUp(32) })).toBe(false);
  expect(wasSeen(seen, authority.did, { ...rest, origin: 'another.example/log' })).toBe(false);
  expect(wasSeen(seen, 'did:key:z6MkOther', rest)).toBe(false);
  expect(wasSeen(nothingSeen, authority.did, rest)).toBe(false);
});

describe('a state that cannot be read is no state without anything in it:', async () => {
  const written = JSON.parse(formatSeen(await see(await bundleOf(3, 5))));
  const [own] = Object.values(written.authorities) as object[];
  const withOwn = (changes: object) => ({ version: 1, authorities: { [authority.did]: { ...own, ...changes } } });
  test.each<[string, unknown]>([
    ['nothing', ''],
    ['no JSON', '{'],
    ['another version', { ...written, version: 2 }],
    ['a field more', { ...written, extra: 1 }],
    ['authorities that are a list', { version: 1, authorities: [] }],
    ['an authority that is no DID', { version: 1, authorities: { acme: own } }],
    ['a time of another form', withOwn({ latest_time: '2026-03-01' })],
    ['a version of text', withOwn({ organizations: { 'did:key:a': { version: '3', log_size: 1 } } })],
    ['an invalid digest', withOwn({ organizations: { 'did:key:a': { version: 3, log_size: 1, state_sha256: '' } } })],
    ['a version without a log', withOwn({ organizations: { 'did:key:a': { version: 3 } } })],
    ['a log without a checkpoint', withOwn({ log: { origin: log.key.origin } })],
    ['an invalid checkpoint', withOwn({ log: { origin: log.key.origin, checkpoint: 'x' } })],
    ['a checkpoint of another log', withOwn({ log: { origin: 'other', checkpoint: await log.checkpoint() } })],
  ])('%s', async (_, value) => {
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    await expectCode('bad_config', () => parseSeen(Buffer.from(text)));
  });
});
