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
  revokeDelegation,
  revokeKey,
  revokeTrust,
  setOrganisation,
  showOrganisation,
  signPackage,
  signPackageHash,
  storeDelegations,
} from '../../../src/authority/index.ts';
import type { HanaperEvent } from '../../../src/events.ts';
import { createAuthority } from '../../support/authority.ts';
import { expectCode } from '../../support/codes.ts';
import { engines } from '../../support/engines.ts';

const hex = 'ab'.repeat(32);

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
const wrongFlags: unknown[] = ['true', 'on', 0, 1, null, undefined];
const wrongReferences: unknown[] = ['', 'a'.repeat(257), undefined, null, 1, ['acme']];

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
const wrongContainers: unknown[] = ['', 'B', undefined, null, 1, new Uint8Array(3), 'B'.repeat(1_048_577)];
const did = 'did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp';

type AnyCommand = Pick<Command<'organisation', never, unknown>, 'name' | 'refusal'> & { subject: string };

const sign = { hash: hex, name: 'a.wasm', key: 'release' };

const commands: readonly [command: AnyCommand, args: object, wrong: Readonly<Record<string, readonly unknown[]>>][] = [
  [createOrganisation, { name: 'new' }, { name: wrongNames }],
  [listOrganisations, {}, {}],
  [showOrganisation, {}, {}],
  [setOrganisation, { hash_signatures: 'on' }, { hash_signatures: ['ON', '', true, 1, undefined, null] }],
  [createKey, { name: 'new' }, { name: wrongNames, trusted: wrongFlags }],
  [importKey, { name: 'new' }, { seed: [undefined, hex, new Uint8Array(32)] }],
  [listKeys, {}, {}],
  [exportKey, { name: 'release' }, { name: wrongNames }],
  [revokeKey, { name: 'release' }, { name: wrongNames }],
  [addTrust, { public_key: hex }, { public_key: wrongHashes, name: wrongNames }],
  [listTrust, {}, {}],
  [revokeTrust, { fingerprint: hex }, { fingerprint: wrongHashes }],
  [grantAcl, { child: 'other' }, { child: wrongReferences }],
  [revokeAcl, { child: 'other' }, { child: wrongReferences }],
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
  [storeDelegations, { container: 'Bog==' }, { container: wrongContainers }],
  [revokeDelegation, { container: 'Bog==' }, { container: wrongContainers }],
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
        const known = command === importKey ? { ...args, seed: undefined } : args;
        for (const key of ['unknown', 'org', 'Name']) {
          const error = await expectCode('bad_input', () => execute(command, { ...known, [key]: 'x' }));
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

  test.each(['a', '0', 'a-b', '2026', 'a1-b2-c3', 'x'.repeat(63)])('takes the name %s', async (name) => {
    const { byRawKey } = await import('../../support/authority.ts');
    await authority.unlock(byRawKey(1));
    expect((await authority.executeFor('acme', createKey, { name })).name).toBe(name);
  });
});
