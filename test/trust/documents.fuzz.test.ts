import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ErrorCode } from '../../src/errors.ts';
import { preAuthenticationEncoding } from '../../src/signature/dsse.ts';
import {
  checkBundle,
  checkPackageProof,
  formatSeen,
  nothingSeen,
  openBundle,
  parsePolicy,
  parseSeen,
  TrustedLog,
} from '../../src/trust/index.ts';
import { failureOf, isHanaperError } from '../support/codes.ts';
import { createSigner, now, signBy } from '../support/fixtures.ts';
import { fuzzRuns } from '../support/fuzz.ts';
import { createAuthority, exportBundle, readProof, stateKey, stateOf, TestLog } from '../support/trust.ts';

const alice = await createSigner('alice');
const authority = await createAuthority();
const log = await TestLog.create(authority);
await log.append(await signBy(alice, 'ab'.repeat(32)));
const policy = {
  version: 1,
  level: 'enforce',
  groups: [{ name: 'release', keys: [alice.fingerprint], threshold: 1 }],
  names: [{ pattern: '*', keys: [alice.fingerprint] }],
  max_age_seconds: 60,
} as const;
const revokedAt = now.toISOString();
const revocation = { revokedAt, reason: 'superseded', effectiveAt: revokedAt, effectiveIndex: 4 } as const;
const context = { authority: authority.did, now };
const bundle = JSON.parse(
  Buffer.from(await exportBundle(log, stateOf([stateKey(alice, { revocation })], { policy }))).toString(),
);
const payload = JSON.parse(Buffer.from(bundle.payload, 'base64').toString());
const proof = JSON.parse(await log.prove(0));
const seen = checkBundle(nothingSeen, await openBundle(await resign(payload), context));

async function resign(value: unknown): Promise<Buffer> {
  const signed = Buffer.from(JSON.stringify(value) ?? '');
  const sig = Buffer.from(await authority.sign(preAuthenticationEncoding(signed, bundle.payloadType))).toString(
    'base64',
  );
  return Buffer.from(
    JSON.stringify({ ...bundle, payload: signed.toString('base64'), signatures: [{ keyid: authority.did, sig }] }),
  );
}

// A copy in which the value at one place is another, or gone.
function changeAt(value: unknown, path: readonly number[], change: unknown): unknown {
  const [step, ...rest] = path;
  if (step === undefined || typeof value !== 'object' || value === null) return change;
  const copy: Record<string, unknown> | unknown[] = Array.isArray(value) ? [...value] : { ...value };
  const keys = Object.keys(copy);
  const key = keys[step % Math.max(keys.length, 1)] ?? 'new';
  (copy as Record<string, unknown>)[key] = changeAt((copy as Record<string, unknown>)[key], rest, change);
  return copy;
}

const paths = fc.array(fc.nat(20), { maxLength: 6 });
const odd = fc.constantFrom<unknown>(
  undefined,
  null,
  -1,
  2 ** 53,
  1e300,
  '',
  '\ud800',
  '__proto__',
  [],
  {},
  [[]],
  'A'.repeat(5000),
);
const changes = fc.oneof(odd, fc.jsonValue());

async function expectOnly(codes: readonly ErrorCode[], act: () => unknown): Promise<void> {
  const error = await failureOf(act);
  if (error === undefined || (isHanaperError(error) && codes.includes(error.code))) return;
  throw error;
}

describe('whatever stands at any place, nothing but the codes that are said comes of', () => {
  test.each<[string, unknown, readonly ErrorCode[], (value: unknown) => unknown]>([
    [
      'a bundle that is signed',
      payload,
      ['trust_tampered', 'bundle_expired'],
      async (it) => openBundle(await resign(it), context),
    ],
    ['the envelope of a bundle', bundle, ['trust_tampered'], (it) => openBundle(bytesOf(it), context)],
    ['a proof', proof, ['log_tampered'], (it) => checkPackageProof(readProof(bytesOf(it)), new TrustedLog(log.key))],
    ['a policy', policy, ['bad_input'], parsePolicy],
    [
      'a trust state',
      JSON.parse(formatSeen(seen)),
      ['bad_config', 'bundle_rolled_back', 'log_rolled_back', 'log_tampered'],
      async (it) => checkBundle(parseSeen(bytesOf(it)), await openBundle(await resign(payload), context)),
    ],
  ])('%s', async (_, good, codes, read) => {
    expect(await failureOf(() => read(good))).toBeUndefined();
    await fc.assert(
      fc.asyncProperty(paths, changes, (path, change) => expectOnly(codes, () => read(changeAt(good, path, change)))),
      { numRuns: fuzzRuns(2000) },
    );
  });
});

function bytesOf(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value) ?? '');
}
