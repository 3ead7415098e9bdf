import { CID } from 'multiformats/cid';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type Authority,
  addTrust,
  type Command,
  createKey,
  createOrganisation,
  exportKey,
  findStoredChain,
  grantAcl,
  importKey,
  listAcls,
  listKeys,
  listOrganisations,
  listPackageSignatures,
  listStoredDelegations,
  listTrust,
  pruneDelegations,
  revokeAcl,
  revokeKey,
  revokeTrust,
  rotateKey,
  setOrganisation,
  showOrganisation,
  signPackage,
  signPackageHash,
  storeDelegations,
} from '../../../src/authority/index.ts';
import type { HanaperEvent } from '../../../src/events.ts';
import { computeCid, formatCid } from '../../../src/ucan/index.ts';
import { createAuthority } from '../../support/authority.ts';
import { expectCode, failureOf } from '../../support/codes.ts';
import { engines } from '../../support/engines.ts';
import { invoke, principal } from '../../support/ucan.ts';

const hex = 'ab'.repeat(32);
const did = 'did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp';

const wrongNames: unknown[] = [
  '',
  '-',
  '-a',
  'a-',
  'a--b',
  'A',
  'a_b',
  'a.b',
  'a/b',
  'a b',
  'é',
  'a\n',
  'a\u0000',
  'a'.repeat(64),
  '017f22e2-79b0-7cc3-98c4-dc0c0c07398f',
  undefined,
  null,
  1,
  true,
  ['a'],
  { name: 'a' },
  new String('a'),
];
const wrongHashes: unknown[] = [
  '',
  'ab'.repeat(31),
  'ab'.repeat(33),
  'AB'.repeat(32),
  'zz'.repeat(32),
  `${hex}\n`,
  `0x${hex}`,
  undefined,
  null,
  1,
  new Uint8Array(32),
];
const wrongTimes: unknown[] = [
  '',
  'tomorrow',
  '2999-01-01',
  '2999-01-01T00:00:00Z',
  '2999-01-01T00:00:00.000+00:00',
  '2999-01-01t00:00:00.000z',
  '2999-02-30T00:00:00.000Z',
  '2999-01-01T24:00:00.000Z',
  '2999-01-01T00:00:00.0000Z',
  '+012999-01-01T00:00:00.000Z',
  undefined,
  null,
  32_472_144_000_000,
  new Date('2999-01-01T00:00:00.000Z'),
];
const wrongSwitches: unknown[] = ['ON', '', true, 1, undefined, null];
const wrongFlags: unknown[] = ['true', 'on', 0, 1, null, undefined];

const wrongDids: unknown[] = [
  '',
  'did:',
  'did:key:',
  'DID:key:z6MkA',
  'did:key:z6MkA#key',
  'did:web:example.org/path',
  ' did:key:z6MkA',
  'did:key:z6Mk\u0000',
  `did:key:${'z'.repeat(2048)}`,
  undefined,
  null,
  1,
];
const wrongCommands: unknown[] = [
  '',
  'a',
  '/A',
  '/a/',
  '//',
  '/a//b',
  '/a\u0000b',
  `/${'a'.repeat(1024)}`,
  undefined,
  null,
  1,
];
const link = computeCid(new Uint8Array(3));
const wrongLinks: unknown[] = [
  formatCid(link),
  { '/': formatCid(link) },
  { ...link },
  link.bytes,
  CID.createV1(0x55, link.multihash),
  undefined,
  null,
  1,
];
const wrongLinkLists: unknown[] = [link, {}, ...wrongLinks.slice(5)];

type AnyCommand = Pick<Command<'organisation', never, unknown>, 'name' | 'refusal'> & { subject: string };

const sign = { hash: hex, name: 'a.wasm', key: 'release' };

const commands: readonly [command: AnyCommand, args: object, wrong: Readonly<Record<string, readonly unknown[]>>][] = [
  [createOrganisation, { name: 'new' }, { name: wrongNames }],
  [listOrganisations, {}, {}],
  [showOrganisation, {}, {}],
  [setOrganisation, { hash_signatures: 'on' }, { hash_signatures: wrongSwitches, public_verification: wrongSwitches }],
  [createKey, { name: 'new' }, { name: wrongNames, trusted: wrongFlags }],
  [
    importKey,
    { name: 'new', public_key: hex, sealed_seed: 'ab'.repeat(80) },
    {
      name: wrongNames,
      trusted: wrongFlags,
      public_key: wrongHashes,
      sealed_seed: [hex, 'AB'.repeat(80), 'ab'.repeat(81), `${'ab'.repeat(80)}\n`, new Uint8Array(80), undefined, null],
    },
  ],
  [listKeys, {}, {}],
  [exportKey, { name: 'release' }, { name: wrongNames, fingerprint: wrongHashes }],
  [revokeKey, { name: 'release' }, { name: wrongNames, fingerprint: wrongHashes }],
  [rotateKey, { name: 'release' }, { name: wrongNames, fingerprint: wrongHashes }],
  [addTrust, { public_key: hex }, { public_key: wrongHashes, name: wrongNames }],
  [listTrust, {}, {}],
  [revokeTrust, { fingerprint: hex }, { fingerprint: wrongHashes }],
  [grantAcl, { child: 'other' }, { child: [...wrongNames, did] }],
  [revokeAcl, { child: 'other' }, { child: [...wrongNames, did] }],
  [listAcls, {}, {}],
  [
    signPackage,
    sign,
    {
      hash: wrongHashes,
      key: wrongNames,
      name: ['', 'a'.repeat(1025), undefined, null, 1],
      expires_at: wrongTimes,
      store: wrongFlags,
    },
  ],
  [signPackageHash, { hash: hex, key: 'release' }, { hash: wrongHashes, key: wrongNames, store: wrongFlags }],
  [listPackageSignatures, { hash: hex }, { hash: wrongHashes }],
  [storeDelegations, { delegations: [link] }, { delegations: [[], Array(256).fill(link), ...wrongLinkLists] }],
  [pruneDelegations, {}, {}],
  [
    findStoredChain,
    { invoker: did, subject: did, command: '/a', args: {} },
    { invoker: wrongDids, subject: wrongDids, command: wrongCommands },
  ],
  [
    listStoredDelegations,
    { audience: did },
    {
      audience: wrongDids,
      issuer: wrongDids,
      subject: wrongDids,
      command: wrongCommands,
      revoked: wrongFlags,
      expired: wrongFlags,
      before: ['1', 0, -1, 1.5, Number.NaN, 2 ** 31, 2 ** 53, undefined, null],
      limit: ['1', 0, -1, 1.5, 1001, Number.POSITIVE_INFINITY, undefined, null],
    },
  ],
];

describe.each(engines)('$name', (engine) => {
  let authority: Authority;
  let events: HanaperEvent[];

  beforeAll(async () => {
    ({ authority, events } = await createAuthority(await engine.createUrl()));
  });

  afterAll(() => authority.close());

  // Arguments come from outside as JSON; their types are what is tested here.
  function execute(command: AnyCommand, args: unknown): Promise<unknown> {
    return command.subject === 'authority'
      ? authority.execute(command as unknown as Command<'authority', unknown, unknown>, args)
      : authority.executeFor('acme', command as unknown as Command<'organisation', unknown, unknown>, args);
  }

  async function expectRefused(command: AnyCommand, args: unknown, field: string): Promise<void> {
    events.length = 0;
    const error = await expectCode('bad_input', () => execute(command, args));
    expect(error.details).toEqual({ field });
    expect(events.map(({ name }) => name)).toEqual(command.refusal ? [command.refusal] : []);
  }

  describe.each(commands.map(([command, args, wrong]) => ({ name: command.name, command, args, wrong })))(
    '$name',
    ({ command, args, wrong }) => {
      test.each(Object.entries(wrong).flatMap(([field, values]) => values.map((value) => [field, value] as const)))(
        'refuses a wrong %s (%#)',
        (field, value) => expectRefused(command, { ...args, [field]: value }, field),
      );

      test('refuses what it does not know', async () => {
        for (const key of ['unknown', 'org', 'Name']) {
          const error = await expectCode('bad_input', () => execute(command, { ...args, [key]: 'x' }));
          expect(error.details).toHaveProperty('field');
        }
      });

      test.each([null, undefined, 'text', 1, [], [args]])('refuses what is no object (%#)', (other) =>
        expectRefused(command, other, '(arguments)'),
      );

      test('is refused while locked only after its arguments are found right', async () => {
        const [field] = Object.keys(wrong);
        if (field === undefined) return;
        authority.lock();
        await expectCode('bad_input', () => execute(command, { ...args, [field]: null }));
      });
    },
  );

  test.each(wrongLinks)('a wrong link among those of /delegation/store is refused (%#)', (wrong) =>
    expectRefused(storeDelegations, { delegations: [link, wrong] }, 'delegations.1'),
  );

  test.each(wrongLinks.slice(1))('a revocation of a wrong link is refused (%#)', async (wrong) => {
    const alice = await principal('alice');
    const about = { command: '/ucan/revoke', expiration: null };
    for (const args of [{ revoke: wrong }, { revoke: link, path: [wrong] }, { revoke: link, path: link }]) {
      const failure = await failureOf(async () =>
        authority.executeRequest({ invocation: await invoke(alice, alice, [], { ...about, args }), given: [] }),
      );
      expect(failure).toMatchObject({ code: expect.stringMatching(/^(bad_input|malformed_token)$/) });
    }
  });

  test.each(['a', '0', 'a-b', '2026', 'a1-b2-c3', 'x'.repeat(63)])('takes the name %s', async (name) => {
    const { byRawKey } = await import('../../support/authority.ts');
    await authority.unlock(byRawKey(1));
    expect((await authority.executeFor('acme', createKey, { name })).name).toBe(name);
  });
});
