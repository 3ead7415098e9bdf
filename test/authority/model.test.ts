import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Authority,
  addTrust,
  createKey,
  createOrganisation,
  exportKey,
  grantAcl,
  listKeys,
  listTrust,
  revokeAcl,
  revokeKey,
  revokeTrust,
  validateAuthority,
} from '../../src/authority/index.ts';
import { outcomeOf } from '../store/children/say.ts';
import { byRawKey, createAuthority } from '../support/authority.ts';
import { engines } from '../support/engines.ts';
import { keyNames, Model, type ModelKey, organisations, type Step } from './trust-model.ts';

const org = fc.constantFrom(...organisations);
const key = fc.constantFrom(...keyNames);
const steps: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ act: fc.constant('create' as const), org, key, trusted: fc.boolean() }),
  fc.record({ act: fc.constant('revoke-key' as const), org, key }),
  fc.record({ act: fc.constantFrom('trust' as const, 'distrust' as const), org, nth: fc.nat(7) }),
  fc.record({ act: fc.constantFrom('grant' as const, 'ungrant' as const), org, child: org }),
);

describe.each(engines)('$name', (engine) => {
  test('whatever is done in whatever order, trust is what the rules say, and nothing revoked comes back', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(steps, { minLength: 5, maxLength: 40, size: 'max' }), async (sequence) => {
        const { authority } = await createAuthority(await engine.createUrl());
        try {
          await follow(authority, sequence);
        } finally {
          await authority.close();
        }
      }),
      { numRuns: Number(process.env['HANAPER_RUNS'] ?? 20) },
    );
  });
});

async function follow(authority: Authority, sequence: readonly Step[]): Promise<void> {
  for (const name of organisations) await authority.execute(createOrganisation, { name });
  const model = new Model();
  for (const step of sequence) {
    const outcome = model.predict(step);
    expect({ step, outcome: await outcomeOf(() => take(authority, model, step)) }).toEqual({ step, outcome });
    if (outcome === 'ok') model.record(step, await readMade(authority, step));
    for (const name of organisations) expect(await resolve(authority, name)).toEqual(model.resolve(name));
  }
  await expectRevokedForGood(authority, model);
  await validateAuthority(authority, byRawKey(1));
}

function take(authority: Authority, model: Model, step: Step): Promise<unknown> {
  const nth = 'nth' in step ? model.keyAt(step.nth) : undefined;
  switch (step.act) {
    case 'create':
      return authority.executeFor(step.org, createKey, { name: step.key, trusted: step.trusted });
    case 'revoke-key':
      return authority.executeFor(step.org, revokeKey, { name: step.key });
    case 'grant':
      return authority.executeFor(step.org, grantAcl, { child: step.child });
    case 'ungrant':
      return authority.executeFor(step.org, revokeAcl, { child: step.child });
    case 'distrust':
      return authority.executeFor(step.org, revokeTrust, { fingerprint: nth?.fingerprint ?? '00'.repeat(32) });
    case 'trust':
      // Before a key is made, the point of small order takes its place.
      return authority.executeFor(step.org, addTrust, { public_key: nth?.publicKey ?? '00'.repeat(32) });
  }
}

async function readMade(authority: Authority, step: Step): Promise<ModelKey | undefined> {
  if (step.act !== 'create') return undefined;
  const { name, fingerprint, public_key } = await authority.executeFor(step.org, exportKey, { name: step.key });
  return { owner: step.org, name, fingerprint, publicKey: public_key };
}

async function resolve(authority: Authority, organisation: string): Promise<Record<string, string | null>> {
  const { keys } = await authority.trustFor({ organisation, packageHash: '00' });
  return Object.fromEntries([...keys.values()].map(({ fingerprint, via }) => [fingerprint, via ?? null]));
}

async function expectRevokedForGood(authority: Authority, model: Model): Promise<void> {
  const revoked = [...model.revoked].map(({ fingerprint }) => fingerprint).sort();
  const listed: string[] = [];
  for (const name of organisations) {
    const { keys } = await authority.executeFor(name, listKeys, {});
    listed.push(...keys.filter(({ revoked_at }) => revoked_at !== null).map(({ fingerprint }) => fingerprint));
    const { keys: trusted } = await authority.executeFor(name, listTrust, {});
    const active = trusted.filter(({ revoked_at }) => revoked_at === null).map(({ fingerprint }) => fingerprint);
    for (const fingerprint of active) expect(revoked).not.toContain(fingerprint);
  }
  expect(listed.sort()).toEqual(revoked);
}
