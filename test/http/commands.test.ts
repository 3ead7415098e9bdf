import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { AnyCommand } from '../../src/authority/command.ts';
import { grantAcl, listAcls, revokeAcl } from '../../src/authority/commands/acl.ts';
import {
  findStoredChain,
  listStoredDelegations,
  pruneDelegations,
  storeDelegations,
} from '../../src/authority/commands/delegation.ts';
import { importLegacyTokens } from '../../src/authority/commands/import-legacy.ts';
import { createKey, exportKey, importKey, listKeys } from '../../src/authority/commands/key.ts';
import { commands } from '../../src/authority/commands/list.ts';
import { type EntryListDocument, proveLog, readLog, showCheckpoint } from '../../src/authority/commands/log.ts';
import {
  createOrganisation,
  listOrganisations,
  setOrganisation,
  showOrganisation,
} from '../../src/authority/commands/org.ts';
import {
  attachSignature,
  listPackageSignatures,
  type SignedDocument,
  signPackage,
  signPackageHash,
} from '../../src/authority/commands/package.ts';
import { revokeKey } from '../../src/authority/commands/revoke-key.ts';
import { rotateKey } from '../../src/authority/commands/rotate-key.ts';
import { addTrust, listTrust, revokeTrust } from '../../src/authority/commands/trust.ts';
import { revokeDelegation } from '../../src/authority/commands/ucan.ts';
import { resultOf } from '../../src/authority/result-of.ts';
import { Secret } from '../../src/crypto/secret.ts';
import { type ErrorCode, HanaperError } from '../../src/errors.ts';
import { statuses } from '../../src/http/statuses.ts';
import { formatCid } from '../../src/ucan/index.ts';
import { sealedSeed } from '../support/authority.ts';
import { engines } from '../support/engines.ts';
import { signLatestLegacy, signLegacy } from '../support/legacy.ts';
import { type Asking, createPlace, type Place } from '../support/place.ts';
import { type Answered, expectProblem } from '../support/server.ts';
import { delegate, principal, principals } from '../support/ucan.ts';

type Args = Readonly<Record<string, unknown>>;

interface Outcome {
  readonly result?: unknown;
  readonly code?: string;
}

interface Step {
  readonly command: { readonly name: string };
  /** `before` gives the last result of a command. */
  readonly args: (place: Place, before: (command: { readonly name: string }) => unknown) => Args | Promise<Args>;
  readonly code?: ErrorCode;
  /** What else than the arguments the request has. */
  readonly more?: () => Promise<Pick<Asking, 'given' | 'signer'>>;
}

const hash = createHash('sha256').update('a package').digest('hex');
const theirSeed = createHash('sha256').update('their seed').digest();

function does(command: { readonly name: string }, args: Args | Step['args'] = {}): Step {
  return { command, args: typeof args === 'function' ? args : () => args };
}

function refuses(code: ErrorCode, command: { readonly name: string }, args: Args | Step['args'] = {}): Step {
  return { ...does(command, args), code };
}

async function theirDelegation() {
  const [issuer, audience] = await principals('issuer', 'audience');
  if (!issuer || !audience) throw new TypeError('there are two');
  return {
    issuer,
    audience,
    delegation: await delegate(issuer, audience, { command: '/mail', nonce: new Uint8Array(12) }),
  };
}

const trustedKey = async () => ({
  public_key: Buffer.from((await principal('vendor')).publicKey.bytes).toString('hex'),
});
const vendorFingerprint = async () =>
  createHash('sha256')
    .update((await principal('vendor')).publicKey.bytes)
    .digest('hex');

// In this order, each on what those before it have left.
const steps: readonly Step[] = [
  does(createOrganisation, { name: 'beta' }),
  refuses('already_exists', createOrganisation, { name: 'beta' }),
  refuses('bad_input', createOrganisation, { name: 'No Good' }),
  does(readLog, { from: 0, limit: 1 }),
  refuses('bad_input', readLog, { limit: 1001 }),
  does(proveLog, { index: 1 }),
  does(proveLog, (_, before) => ({ receipt: (before(readLog) as EntryListDocument).entries[0]?.receipt })),
  does(readLog, { from: 1_000 }),
  refuses('not_found', proveLog, { index: 1_000 }),
  refuses('bad_input', proveLog),
  does(showCheckpoint, { since: 1 }),
  does(showCheckpoint),
  refuses('bad_input', showCheckpoint, { since: -1 }),
  does(listOrganisations),
  refuses('bad_input', listOrganisations, { stray: 'yes' }),
  does(showOrganisation),
  refuses('bad_input', showOrganisation, { stray: true }),
  does(setOrganisation, { hash_signatures: 'on' }),
  does(setOrganisation),
  refuses('bad_input', setOrganisation, { public_verification: 'maybe' }),
  does(createKey, { name: 'release' }),
  does(createKey, { name: 'spare', trusted: false }),
  refuses('already_exists', createKey, { name: 'release' }),
  does(importKey, async ({ authority }) => ({
    name: 'theirs',
    ...(await sealedSeed(authority, Secret.copyOf(theirSeed))),
  })),
  refuses('bad_input', importKey, { name: 'other', public_key: hash, sealed_seed: '00'.repeat(80) }),
  does(listKeys),
  refuses('bad_input', listKeys, { all: true }),
  does(exportKey, { name: 'theirs' }),
  refuses('not_found', exportKey, { name: 'none' }),
  does(addTrust, trustedKey),
  does(addTrust, async () => ({
    public_key: Buffer.from((await principal('another vendor')).publicKey.bytes).toString('hex'),
    name: 'vendor',
  })),
  refuses('already_trusted', addTrust, trustedKey),
  does(listTrust),
  refuses('bad_input', listTrust, { stray: 1 }),
  does(revokeTrust, async () => ({ fingerprint: await vendorFingerprint() })),
  refuses('not_found', revokeTrust, async () => ({ fingerprint: await vendorFingerprint() })),
  does(grantAcl, { child: 'beta' }),
  refuses('already_trusted', grantAcl, { child: 'beta' }),
  refuses('bad_input', grantAcl, { child: 'acme' }),
  refuses('not_found', grantAcl, { child: 'nobody' }),
  does(listAcls),
  refuses('bad_input', listAcls, { stray: '' }),
  does(revokeAcl, { child: 'beta' }),
  refuses('not_found', revokeAcl, { child: 'beta' }),
  does(signPackage, { hash, name: 'plugin.wasm', key: 'theirs', expires_at: '2999-01-01T00:00:00.000Z', store: true }),
  refuses('not_found', signPackage, { hash, name: 'plugin.wasm', key: 'none' }),
  refuses('bad_input', signPackage, { hash, name: 'a', key: 'theirs', expires_at: '2020-01-01T00:00:00.000Z' }),
  refuses('bad_input', signPackage, { hash: hash.toUpperCase(), name: 'plugin.wasm', key: 'theirs' }),
  does(signPackageHash, { hash, key: 'release', store: true }),
  refuses('not_found', signPackageHash, { hash, key: 'none' }),
  does(attachSignature, (_, before) => ({
    hash,
    name: 'plugin.wasm',
    signature: (before(signPackage) as SignedDocument).signature,
  })),
  refuses('package_name_mismatch', attachSignature, (_, before) => ({
    hash,
    name: 'other.wasm',
    signature: (before(signPackage) as SignedDocument).signature,
  })),
  does(listPackageSignatures, { hash }),
  refuses('bad_input', listPackageSignatures, { hash: 'short' }),
  {
    ...does(storeDelegations, async () => ({ delegations: [(await theirDelegation()).delegation.cid] })),
    more: async () => ({ given: [(await theirDelegation()).delegation] }),
  },
  refuses('bad_input', storeDelegations, async () => ({ delegations: [(await theirDelegation()).delegation.cid] })),
  does(listStoredDelegations, { command: '/mail', limit: 1, revoked: true, expired: false }),
  refuses('bad_input', listStoredDelegations, { limit: 0 }),
  does(findStoredChain, async () => {
    const { issuer, audience } = await theirDelegation();
    return { invoker: audience.did, subject: issuer.did, command: '/mail/send', args: { to: ['me'], n: 1 } };
  }),
  refuses('not_authorized', findStoredChain, async () => {
    const { issuer, audience } = await theirDelegation();
    return { invoker: audience.did, subject: issuer.did, command: '/', args: {} };
  }),
  does(pruneDelegations),
  refuses('bad_input', pruneDelegations, { all: true }),
  {
    ...refuses('not_authorized', revokeDelegation, async () => ({ revoke: (await theirDelegation()).delegation.cid })),
    more: async () => ({ signer: await principal('stranger') }),
  },
  {
    ...does(revokeDelegation, async () => ({ revoke: (await theirDelegation()).delegation.cid })),
    more: async () => ({ signer: await principal('issuer') }),
  },
  does(importLegacyTokens, async () => {
    const [issuer, audience] = await principals('legacy issuer', 'legacy audience');
    if (!issuer || !audience) throw new TypeError('there are two');
    const tokens = [await signLegacy(issuer, audience), await signLatestLegacy(issuer, audience), 'nonsense'];
    return { tokens, commands: { 'db/READ': '/db/read' } };
  }),
  refuses('bad_input', importLegacyTokens, { tokens: [], commands: { 'db/read': 'no command' } }),
  does(rotateKey, { name: 'spare' }),
  refuses('not_found', rotateKey, { name: 'none' }),
  does(revokeKey, { name: 'spare', reason: 'expired', effective_at: '2020-01-01T00:00:00.000Z' }),
  refuses('bad_input', revokeKey, { name: 'spare', reason: 'superseded' }),
  does(revokeKey, { name: 'release' }),
  refuses('key_revoked', revokeKey, { name: 'release' }),
  refuses('key_revoked', signPackage, { hash, name: 'plugin.wasm', key: 'release' }),
];

type Memory = Map<string, unknown>;

/** One way to have a command executed. */
type Way = (place: Place, asking: Omit<Asking, 'command'> & { readonly command: AnyCommand }) => Promise<Outcome>;

const byLibrary: Way = async (place, asking) => {
  const { authority } = place;
  const { command, args, organisation = 'acme', given, signer } = asking;
  try {
    if (command.subject === 'organisation') {
      return { result: await authority.executeFor(organisation, command as never, args) };
    }
    if (signer === undefined) return { result: await authority.execute(command as never, args, given) };
    const request = await place.sign(asking);
    return { result: resultOf(await authority.executeRequest(request)) };
  } catch (error) {
    if (error instanceof HanaperError) return { code: error.code };
    throw error;
  }
};

const byRoute: Way = async (place, asking) => {
  const answered = await place.askPlainly(asking);
  expectReceipt(asking.command, answered);
  if (answered.status !== 200) return { code: refusalOf(answered) };
  return { result: answered.json };
};

const byInvoke: Way = async (place, asking) => {
  const signed = await place.sign(asking);
  const answered = await place.askByContainer(signed, { headers: { Accept: 'application/json' } });
  expectReceipt(asking.command, answered);
  if (answered.headers['content-type'] === 'application/problem+json') return { code: refusalOf(answered) };
  if (asking.command.access === 'read') return { result: answered.json['result'] };
  const { out, ran } = answered.json['receipt'] as {
    ran: string;
    out: { ok: unknown } | { error: { code: ErrorCode } };
  };
  expect(ran).toBe(formatCid(signed.invocation.cid));
  if ('ok' in out) return { result: out.ok };
  expect(answered.status).toBe(statuses[out.error.code]);
  return { code: out.error.code };
};

function refusalOf(answered: Answered): string {
  const code = answered.json['code'] as ErrorCode;
  expectProblem(code, answered, statuses[code]);
  return code;
}

// Whatever was done has one; what was read, and what was never begun, has none.
function expectReceipt({ access }: AnyCommand, { status, headers }: Answered): void {
  if (access === 'read') expect(headers['hanaper-receipt']).toBeUndefined();
  else if (status === 200) expect(headers['hanaper-receipt']).toMatch(/^zdpu/);
  expect(headers['hanaper-replay']).toBeUndefined();
}

// What is another each time, or in each database.
const changing: readonly (readonly [RegExp, string])[] = [
  [/did:key:z[1-9A-HJ-NP-Za-km-z]+/g, 'DID'],
  [/zdpu[1-9A-HJ-NP-Za-km-z]+/g, 'CID'],
  [/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, 'UUID'],
  [/2[0-8]\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z/g, 'TIME'],
  [/[0-9a-f]{64}/g, 'HEX'],
  [/\b[0-9a-f]{32}\b/g, 'SALT'],
  [/[A-Za-z0-9+/_-]{60,}={0,2}/g, 'BASE64'],
  [/^[A-Za-z0-9+/]{43}=$/gm, 'HASH'],
];

function normalise({ result, code }: Outcome): Outcome {
  if (result === undefined) return code === undefined ? {} : { code };
  const clean = (text: string) => changing.reduce((before, [pattern, word]) => before.replace(pattern, word), text);
  const revive = (_: string, value: unknown) => (typeof value === 'string' ? clean(value) : value);
  return { result: JSON.parse(JSON.stringify(result), revive) };
}

async function perform(way: Way, place: Place, step: Step, memory: Memory): Promise<Outcome> {
  const command = commands.find(({ name }) => name === step.command.name);
  if (!command) throw new TypeError(`${step.command.name} is not listed`);
  const args = await step.args(place, ({ name }) => memory.get(name));
  const outcome = await way(place, { ...(await step.more?.()), command, args });
  if (outcome.result !== undefined) {
    memory.set(command.name, outcome.result);
    expect(command.result.safeParse(outcome.result), command.name).toMatchObject({ success: true });
  }
  return normalise(outcome);
}

test('every command but those of the master key stands in the table, with a refusal', () => {
  const listed = commands.map(({ name }) => name).filter((name) => !name.startsWith('/database/'));
  const done = steps.filter(({ code }) => code === undefined).map(({ command }) => command.name);
  const refused = steps.filter(({ code }) => code !== undefined).map(({ command }) => command.name);
  expect(listed.filter((name) => !done.includes(name))).toEqual([]);
  expect(listed.filter((name) => !refused.includes(name))).toEqual([]);
});

describe.each(engines)('on $name a command is the same', (engine) => {
  test('by the library, by its route, and by an invocation', async () => {
    const ways = [];
    for (const way of [byLibrary, byRoute, byInvoke]) {
      ways.push({ way, place: await createPlace(engine), memory: new Map<string, unknown>() });
    }
    for (const step of steps) {
      const outcomes = [];
      for (const { way, place, memory } of ways) outcomes.push(await perform(way, place, step, memory));
      const [library, ...others] = outcomes;
      expect({ command: step.command.name, code: library?.code }).toEqual({
        command: step.command.name,
        code: step.code,
      });
      for (const other of others)
        expect({ command: step.command.name, ...other }).toEqual({ command: step.command.name, ...library });
    }
  });
});
