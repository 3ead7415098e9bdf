import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ErrorCode } from '../../src/errors.ts';
import { preAuthenticationEncoding } from '../../src/signature/dsse.ts';
import { createBundleSource, maxBundleLength, openBundle, signBundle } from '../../src/trust/index.ts';
import { expectCode, failureOf, isHanaperError } from '../support/codes.ts';
import { createSigner, now } from '../support/fixtures.ts';
import { createAuthority, exportBundle, stateKey, stateOf, TestLog } from '../support/trust.ts';
import { countUp, flipBit } from '../support/vectors.ts';

const [alice, bob] = [await createSigner('alice'), await createSigner('bob')];
const [authority, stranger] = [await createAuthority(), await createAuthority(countUp(32, 0x31))];
const log = await TestLog.create(authority);
const policy = { version: 1, level: 'enforce', groups: [], names: [], max_age_seconds: 60 } as const;
const revokedAt = '2026-02-10T12:00:00.000Z';
const revocation = { revokedAt, reason: 'superseded', effectiveAt: revokedAt, effectiveIndex: 4 } as const;
const state = stateOf([stateKey(alice), stateKey(bob, { via: 'beta', revocation })], { version: 7, policy });
const bytes = await exportBundle(log, state);
const elsewhere = { statement: Buffer.from((await TestLog.create(stranger)).signedKey.statement).toString('base64') };
const context = { authority: authority.did, now };
const later = (milliseconds: number) => new Date(now.getTime() + milliseconds);
const month = 30 * 86_400_000;

/** What `change` makes of the payload, signed by the authority all the same. */
async function resign(change: (payload: Record<string, unknown>) => unknown, form = JSON.stringify): Promise<Buffer> {
  const envelope = JSON.parse(Buffer.from(bytes).toString());
  const payload = JSON.parse(Buffer.from(envelope.payload, 'base64').toString());
  const signed = Buffer.from(form(change(payload) ?? payload));
  const signature = await authority.sign(preAuthenticationEncoding(signed, envelope.payloadType));
  const signatures = [{ ...envelope.signatures[0], sig: Buffer.from(signature).toString('base64') }];
  return Buffer.from(JSON.stringify({ ...envelope, payload: signed.toString('base64'), signatures }));
}

describe('a bundle is opened', () => {
  test('by a reader who knows the DID of its authority, and gives all that was put into it', async () => {
    const bundle = await openBundle(bytes, context);
    expect(bundle.state).toEqual(state);
    expect(bundle).toMatchObject({ authority: authority.did, issuedAt: now.toISOString(), logKey: log.key });
    expect(bundle.rest).toMatchObject({ origin: log.key.origin, size: 0 });
  });

  test('to its last moment, and not a millisecond longer', async () => {
    expect((await openBundle(bytes, { ...context, now: later(month) })).state.version).toBe(7);
    const { details } = await expectCode('bundle_expired', () =>
      openBundle(bytes, { ...context, now: later(month + 1) }),
    );
    expect(details).toEqual({
      expires_at: later(month).toISOString(),
      now: later(month + 1).toISOString(),
      remedy: 'export_trust_bundle',
    });
  });

  test('without keys, without a policy, and in other white space around it', async () => {
    const empty = stateOf([], {});
    const spaced = JSON.stringify(JSON.parse(Buffer.from(await exportBundle(log, empty)).toString()), null, 2);
    expect((await openBundle(Buffer.from(spaced), context)).state).toEqual(empty);
  });
});

describe('a bundle is refused', () => {
  test('whose envelope has a member twice', async () => {
    const twice = Buffer.from(bytes).toString().replace('{', '{"payload":"",');
    await expectCode('trust_tampered', () => openBundle(Buffer.from(twice), context));
  });

  test('of another authority', async () => {
    const { details } = await expectCode('authority_changed', () =>
      openBundle(bytes, { ...context, authority: stranger.did }),
    );
    expect(details).toEqual({ expected: stranger.did, actual: authority.did });
  });

  test('that somebody else has signed in the name of the authority', async () => {
    const claims = { issuedAt: now.toISOString(), expiresAt: later(month).toISOString(), state, log: log.signedKey };
    const signed = await signBundle(
      { ...stranger, did: authority.did },
      { ...claims, checkpoint: await log.checkpoint() },
    );
    await expectCode('trust_tampered', () => openBundle(signed, context));
    const renamed = Buffer.from(signed).toString().replace(authority.did, stranger.did);
    await expectCode('authority_changed', () => openBundle(Buffer.from(renamed), context));
    await expectCode('trust_tampered', () => openBundle(Buffer.from(renamed), { ...context, authority: stranger.did }));
  });

  test('under another name than that of its authority', async () => {
    const text = Buffer.from(bytes).toString();
    for (const keyid of [stranger.did, '', 'did:key:z6MkNone']) {
      await expectCode('trust_tampered', () => openBundle(Buffer.from(text.replace(authority.did, keyid)), context));
    }
  });

  test('that was made by no DID of an authority', async () => {
    await expectCode('bad_input', () => openBundle(bytes, { ...context, authority: 'did:web:example.org' }));
    const p256 = 'did:key:zDnaerDaTF5BXEavCrfRZEk316dpbLsfPDZ3WJ5hRTPFU2169';
    await expectCode('bad_input', () => openBundle(bytes, { ...context, authority: p256 }));
  });

  test('cut at any length', async () => {
    for (let length = 0; length < bytes.length - 1; length += 13) {
      await expectCode('trust_tampered', () => openBundle(bytes.subarray(0, length), context));
    }
  });

  test('that is too long, no text, or no envelope', async () => {
    const others = [
      '',
      'null',
      '[]',
      '{}',
      '{"payload":"","payloadType":"application/vnd.in-toto+json","signatures":[]}',
      '\xff',
    ];
    for (const other of [
      Buffer.alloc(maxBundleLength + 1, ' '),
      ...others.map((text) => Buffer.from(text, 'latin1')),
    ]) {
      await expectCode('trust_tampered', () => openBundle(other, context));
    }
  });

  test('as a snapshot is, and as a package signature', async () => {
    for (const type of ['application/vnd.hanaper.trust-snapshot+json', 'application/vnd.in-toto+json']) {
      const text = Buffer.from(bytes).toString().replace('application/vnd.hanaper.trust-bundle+json', type);
      await expectCode('trust_tampered', () => openBundle(Buffer.from(text), context));
    }
  });

  test.each<[string, (payload: Record<string, unknown>) => unknown]>([
    ['of another kind', (it) => Object.assign(it, { _type: 'hanaper/v1/trust-snapshot' })],
    ['that names another authority', (it) => Object.assign(it, { authority: stranger.did })],
    ['with a field more', (it) => Object.assign(it, { extra: 1 })],
    ['with a field less', ({ log: _, ...it }) => it],
    ['with its fields in another order', ({ _type, ...it }) => ({ ...it, _type })],
    ['with a time of another form', (it) => Object.assign(it, { expires_at: '2026-04-01T12:00:00Z' })],
    ['with a version of nothing', (it) => Object.assign(it['state'] as object, { version: 0 })],
    ['with an invalid checkpoint', (it) => Object.assign(it, { checkpoint: 'checkpoint' })],
    [
      'with a checkpoint of another log',
      (it) => Object.assign(it, { checkpoint: String(it['checkpoint']).replaceAll('/1\n', '/2\n') }),
    ],
    ['with the key of no log', (it) => Object.assign(it['log'] as object, { statement: 'AA==' })],
    ['with the key of the log of another authority', (it) => Object.assign(it['log'] as object, elsewhere)],
  ])('%s, even signed', async (_, change) => {
    await expectCode('trust_tampered', async () => openBundle(await resign(change), context));
  });

  test('in another form, even signed', async () => {
    await expectCode('trust_tampered', async () =>
      openBundle(
        await resign(
          () => undefined,
          (it) => JSON.stringify(it, null, 1),
        ),
        context,
      ),
    );
    expect((await openBundle(await resign(() => undefined), context)).state).toEqual(state);
  });
});

test('whatever bit of a bundle is turned, it is refused', async () => {
  const codes: readonly ErrorCode[] = ['trust_tampered', 'authority_changed'];
  await fc.assert(
    fc.asyncProperty(fc.nat(8 * (bytes.length - 1) - 1), async (bit) => {
      const error = await failureOf(() => openBundle(flipBit(bytes, bit), context));
      expect(isHanaperError(error) && codes.includes(error.code)).toBe(true);
    }),
    { numRuns: 1500 },
  );
});

describe('a bundle as a source of trust', () => {
  test('knows one organisation, by name and by DID', async () => {
    const source = createBundleSource(await openBundle(bytes, context), () => now);
    const { did } = state.organisation;
    for (const query of [{}, { organisation: 'acme' }, { organisation: did }]) {
      const material = await source.trustFor({ ...query, packageHash: '' });
      expect(material).toMatchObject({ authority: authority.did, organisation: did, signatures: [], policy });
      expect([...material.keys.keys()]).toEqual([alice.fingerprint, bob.fingerprint]);
      expect(material.keys.get(bob.fingerprint)).toMatchObject({ via: 'beta', revocation });
    }
    await expectCode('not_found', () => source.trustFor({ organisation: 'beta', packageHash: '' }));
  });

  test('lasts as long as the bundle, however long it is kept', async () => {
    let present = now;
    const source = createBundleSource(await openBundle(bytes, context), () => present);
    present = later(month);
    expect((await source.trustFor({ packageHash: '' })).authority).toBe(authority.did);
    present = later(month + 1);
    await expectCode('bundle_expired', () => source.trustFor({ packageHash: '' }));
  });

  test('knows the checkpoint that it rests on without a signature', async () => {
    const unsigned = (await log.checkpoint()).replace(
      /— .*\n$/,
      `— ${log.key.origin} ${Buffer.alloc(68).toString('base64')}\n`,
    );
    const claims = { issuedAt: now.toISOString(), expiresAt: later(month).toISOString(), state, log: log.signedKey };
    const bundle = await openBundle(await signBundle(authority, { ...claims, checkpoint: unsigned }), context);
    const material = await createBundleSource(bundle, () => now).trustFor({ packageHash: '' });
    const opened = await material.openLog?.();
    expect(await opened?.open(unsigned)).toMatchObject({ size: 0 });
  });
});
