import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findCommand } from '../../src/authority/commands/list.ts';
import { execute } from '../../src/authority/execution/execute.ts';
import { resultOf } from '../../src/authority/execution/result-of.ts';
import { createKey, createOrganisation, exportKey, openSigner, setOrganisation } from '../../src/authority/index.ts';
import { decodeInvocation } from '../../src/ucan/index.ts';
import { type Cbor, float, map } from '../support/cbor.ts';
import { expectCode, isHanaperError } from '../support/codes.ts';
import { ask, type Door, openDoor, packageHash, send } from '../support/door.ts';
import { engines } from '../support/engines.ts';
import { delegate, type Principal, principal, rawInvocation } from '../support/ucan.ts';

type Policy = readonly unknown[];
type Args = Readonly<Record<string, unknown>>;

const sign = { hash: packageHash, name: 'plugin.wasm', key: 'release' };
const { key: _key, ...withoutKey } = sign;
const soon = '2026-06-01T00:00:00.000Z';
const composed = 'caf\u00e9.wasm';
const decomposed = 'cafe\u0301.wasm';
const is = (selector: string, value: unknown): Policy => ['==', selector, value];
const not = (statement: Policy): Policy => ['not', statement];

/** What comes of an invocation with these arguments, by a delegation with this one statement. */
type Line = readonly [sentence: string, outcome: string, policy: Policy, args: Args, command?: string];

const lines: readonly Line[] = [
  // Defaults.
  ['an argument that is left out is absent, not its default', 'policy_violation', is('.store', false), sign],
  ['nor does it differ from anything', 'policy_violation', not(is('.store', true)), sign],
  ['nor is it unlike anything', 'policy_violation', ['!=', '.store', true], sign],
  ['an optional selector finds nothing where it is left out', 'ok', is('.store?', null), sign],
  ['and finds what is said', 'policy_violation', is('.store?', null), { ...sign, store: false }],
  ['said as its default it is what is said', 'ok', is('.store', false), { ...sign, store: false }],
  ['null is not absent', 'bad_input', is('.store', null), { ...sign, store: null }],
  ['nor is it for a time', 'bad_input', is('.expires_at', null), { ...sign, expires_at: null }],
  ['a time that must be set is not set by being left out', 'policy_violation', ['like', '.expires_at', '*'], sign],
  [
    'a key to be trusted by default is not said to be',
    'policy_violation',
    is('.trusted', true),
    { name: 'one' },
    '/key/create',
  ],
  ['a key not to be trusted must say so', 'ok', is('.trusted', false), { name: 'two', trusted: false }, '/key/create'],
  // Aliases.
  [
    'a hash in upper case is no other way to say it',
    'bad_input',
    not(is('.hash', packageHash)),
    { ...sign, hash: packageHash.toUpperCase() },
  ],
  ['nor is one with a prefix', 'bad_input', not(is('.hash', packageHash)), { ...sign, hash: `sha256:${packageHash}` }],
  [
    'a time with another offset is no other way to say it',
    'bad_input',
    not(is('.expires_at', soon)),
    { ...sign, expires_at: '2026-06-01T01:00:00.000+01:00' },
  ],
  [
    'nor is one without milliseconds',
    'bad_input',
    not(is('.expires_at', soon)),
    { ...sign, expires_at: '2026-06-01T00:00:00Z' },
  ],
  [
    'nor is one in small letters',
    'bad_input',
    not(is('.expires_at', soon)),
    { ...sign, expires_at: soon.toLowerCase() },
  ],
  ['nor is one in seconds', 'bad_input', not(is('.expires_at', soon)), { ...sign, expires_at: 1_780_272_000 }],
  ['the canonical time is compared as text', 'ok', is('.expires_at', soon), { ...sign, expires_at: soon }],
  [
    'an organisation goes by its name',
    'policy_violation',
    not(is('.child', 'globex')),
    { child: 'globex' },
    '/acl/grant',
  ],
  ['not by its DID', 'bad_input', not(is('.child', 'globex')), { child: '{globex.did}' }, '/acl/grant'],
  ['not by its id', 'bad_input', not(is('.child', 'globex')), { child: '{globex.id}' }, '/acl/grant'],
  [
    'a path to a file is another name',
    'policy_violation',
    is('.name', 'plugin.wasm'),
    { ...sign, name: './plugin.wasm' },
  ],
  // Case.
  [
    'the name of a file in other letters is another',
    'policy_violation',
    is('.name', 'plugin.wasm'),
    { ...sign, name: 'Plugin.wasm' },
  ],
  ['so it is for a pattern', 'policy_violation', ['like', '.name', 'plugin*'], { ...sign, name: 'PLUGIN.wasm' }],
  [
    'a fingerprint is no other way to say which key, but beside its name',
    'bad_input',
    not(is('.name', 'release')),
    { fingerprint: packageHash, reason: 'compromised' },
    '/key/revoke',
  ],
  [
    'nor where the policy does without the name',
    'bad_input',
    ['!=', '.name?', 'release'],
    { fingerprint: packageHash },
    '/key/revoke',
  ],
  ['nor is it a name', 'bad_input', not(is('.name', 'release')), { name: packageHash }, '/key/revoke'],
  [
    'beside another name it is not a key of that name',
    'not_found',
    not(is('.name', 'release')),
    { name: 'other', fingerprint: '{release}' },
    '/key/revoke',
  ],
  ['the name of a key has no other letters', 'bad_input', not(is('.key', 'release')), { ...sign, key: 'Release' }],
  [
    'nor has that of an argument',
    'bad_input',
    not(is('.key', 'release')),
    { ...withoutKey, Key: 'release', key: 'other' },
  ],
  // White space and Unicode.
  [
    'space around a name of a key is no part of it',
    'bad_input',
    not(is('.key', 'release')),
    { ...sign, key: ' release' },
  ],
  [
    'space around the name of a file is',
    'policy_violation',
    is('.name', 'plugin.wasm'),
    { ...sign, name: 'plugin.wasm ' },
  ],
  ['a composed letter is not its parts', 'policy_violation', is('.name', composed), { ...sign, name: decomposed }],
  ['nor are its parts the letter', 'policy_violation', is('.name', decomposed), { ...sign, name: composed }],
  ['each is itself', 'ok', is('.name', decomposed), { ...sign, name: decomposed }],
  [
    'a letter that looks alike is another',
    'policy_violation',
    ['like', '.name', 'plugin*'],
    { ...sign, name: 'рlugin.wasm' },
  ],
  [
    'a character of no width is one',
    'policy_violation',
    is('.name', 'plugin.wasm'),
    { ...sign, name: 'plugin\u200b.wasm' },
  ],
  // Unknown keys.
  [
    'an argument that is not known is refused, though the policy asks for it',
    'bad_input',
    is('.note', 'x'),
    { ...sign, note: 'x' },
  ],
  [
    'so is one whose name means something elsewhere',
    'bad_input',
    is('.name', 'plugin.wasm'),
    { ...sign, organisation: 'globex' },
  ],
  ['so is one named as what every object has', 'bad_input', is('.name', 'plugin.wasm'), { ...sign, constructor: 'x' }],
  [
    'and one that every object inherits',
    'bad_input',
    is('.name', 'plugin.wasm'),
    Object.fromEntries([...Object.entries(sign), ['__proto__', {}]]),
  ],
  ['what every object has is nothing that a policy finds', 'policy_violation', not(is('.constructor', 1)), sign],
  // Types.
  ['true as text is not true', 'bad_input', not(is('.store', true)), { ...sign, store: 'true' }],
  ['one is not true', 'bad_input', not(is('.store', true)), { ...sign, store: 1 }],
  ['a name in a list is no name', 'bad_input', not(is('.key', 'release')), { ...sign, key: ['release'] }],
  [
    'a hash in bytes is not a hash in hex',
    'bad_input',
    not(is('.hash', packageHash)),
    { ...sign, hash: new Uint8Array(32).fill(0xab) },
  ],
  ['a policy on another part does not let a part be left out', 'bad_input', is('.name', 'plugin.wasm'), withoutKey],
  // Numbers, of a command that has them.
  ['a whole number keeps its bound', 'ok', ['<=', '.limit', 10], { limit: 10 }, '/delegation/list'],
  ['one too many breaks it', 'policy_violation', ['<=', '.limit', 10], { limit: 11 }, '/delegation/list'],
  ['left out it is not within it', 'policy_violation', ['<=', '.limit', 10], {}, '/delegation/list'],
  ['in text it is no number', 'bad_input', ['<=', '.limit', 10], { limit: '1' }, '/delegation/list'],
  ['a fraction is no whole number', 'bad_input', ['<=', '.limit', 10], { limit: 9.5 }, '/delegation/list'],
];

describe.each(engines)('$name', (engine) => {
  let door: Door;
  let globex: { readonly did: string; readonly id: string };
  let release: string;
  let person: Principal;

  beforeAll(async () => {
    door = await openDoor(await engine.createUrl());
    globex = await door.authority.execute(createOrganisation, { name: 'globex' });
    await door.authority.executeFor('acme', createKey, { name: 'other' });
    release = (await door.authority.executeFor('acme', exportKey, { name: 'release' })).fingerprint;
    await door.authority.executeFor('acme', setOrganisation, { hash_signatures: 'on' });
    person = await principal('a person with a policy');
  });

  afterAll(() => door.authority.close());

  async function outcomeOf(statement: Policy, args: Args, command = '/package/sign'): Promise<string> {
    const on = command === '/delegation/list' ? await openSigner(door.authority, 'authority') : door.acme;
    const named = Object.entries(args).map(([name, value]) => [name, nameOf(value)]);
    try {
      const chain = [await delegate(on, person, { command: '/', policy: [statement] })];
      const request = await ask(door, { by: person, on, with: chain, command, args: Object.fromEntries(named) });
      resultOf(await send(door, request));
      return 'ok';
    } catch (error) {
      if (isHanaperError(error)) return error.code;
      throw error;
    }
  }

  const nameOf = (value: unknown) =>
    new Map<unknown, string>([
      ['{globex.did}', globex.did],
      ['{globex.id}', globex.id],
      ['{release}', release],
    ]).get(value) ?? value;

  test.each(lines.map(([sentence, outcome, ...about]) => ({ sentence, outcome, about })))(
    '$sentence: $outcome',
    async ({ outcome, about }) => {
      expect(await outcomeOf(...about)).toBe(outcome);
    },
  );

  test('a float of the same value is the same number to the policy and to the command', async () => {
    const self = await openSigner(door.authority, 'authority');
    const root = await delegate(self, person, { policy: [is('.limit', 1)] });
    const list = async (limit: Cbor) => {
      const about = { sub: self.did, cmd: '/delegation/list', prf: [root.cid], exp: door.time + 300 };
      const bytes = await rawInvocation(person, { ...about, args: map({ limit }) });
      return door.authority.executeRequest({ invocation: decodeInvocation(bytes), given: [root] });
    };
    expect(await list(float(1))).toMatchObject({ kind: 'result', result: { delegations: [{}] } });
    await expectCode('policy_violation', () => list(float(2)));
  });

  test('the handler gets the very object that was checked against the policies', async () => {
    const command = findCommand('/package/sign');
    if (command === undefined) throw new TypeError('there is no such command');
    const request = await ask(door);
    let given: unknown;
    const run: typeof command.run = (context, args) => {
      given = args;
      return command.run(context, args);
    };
    await execute(door.authority, { ...command, run }, request);
    expect(given).toBe(request.invocation.args);
  });
});
