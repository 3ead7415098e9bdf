import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { grantAcl, revokeAcl } from '../../../src/authority/commands/acl.ts';
import { createKey } from '../../../src/authority/commands/key.ts';
import { createOrganisation, setOrganisation } from '../../../src/authority/commands/org.ts';
import { type SignedDocument, signPackage, signPackageHash } from '../../../src/authority/commands/package.ts';
import { revokeKey } from '../../../src/authority/commands/revoke-key.ts';
import { revokeTrust } from '../../../src/authority/commands/trust.ts';
import { decodeDidKey } from '../../../src/did/did-key.ts';
import { createDidDocument } from '../../../src/did/document.ts';
import { engines } from '../../support/engines.ts';
import { createPlace, type Place } from '../../support/place.ts';
import { type Answered, ask, expectProblem } from '../../support/server.ts';

const hash = createHash('sha256').update('a package').digest('hex');
const name = 'plugin.wasm';

interface Query {
  readonly hash: string;
  readonly name: string;
  readonly organisation: string;
  readonly signatures: readonly unknown[];
}

function verify(place: Place, query: unknown): Promise<Answered> {
  return ask(place.server.url, '/api/verify', { json: query });
}

/** What of an answer anybody can see, but for what every request has of its own. */
function seen({ status, headers, text }: Answered) {
  const { date: _, 'x-request-id': _id, ...others } = headers;
  return { status, text, headers: others };
}

function expectRefused(answered: Answered): void {
  expect(answered.status, answered.text).toBe(200);
  expect(answered.text).toBe('{"verified":false}');
}

/** An organisation with a signature by its key `release`. */
async function prepare(place: Place): Promise<{ signed: SignedDocument; query: Query }> {
  const { authority } = place;
  await authority.executeFor('acme', createKey, { name: 'release' });
  const signed = await authority.executeFor('acme', signPackage, { hash, name, key: 'release' });
  return { signed, query: { hash, name, organisation: 'acme', signatures: [signed.signature] } };
}

function turn(place: Place, to: 'on' | 'off', organisation = 'acme') {
  return place.authority.executeFor(organisation, setOrganisation, { public_verification: to });
}

describe.each(engines)('on $name', (engine) => {
  test('verification by anybody is off until it is turned on, and then says whose signature it is', async () => {
    const place = await createPlace(engine);
    const { query, signed } = await prepare(place);
    expectRefused(await verify(place, query));
    await turn(place, 'on');
    const verified = {
      verified: true,
      package_hash: hash,
      signer_fingerprint: signed.key_fingerprint,
      signer_label: null,
      signed_at: signed.signed_at,
      expires_at: null,
    };
    expect((await verify(place, query)).json).toEqual(verified);
    expect((await verify(place, { ...query, organisation: await place.didOf('acme') })).json).toEqual(verified);
    expect((await verify(place, { ...query, signatures: [{}, 7, null, signed.signature] })).json).toEqual(verified);
  });

  test('what is turned off or revoked elsewhere is seen at the very next request', async () => {
    const place = await createPlace(engine);
    const { authority } = place;
    const { query, signed } = await prepare(place);
    const expectVerified = async (asked: unknown = query) =>
      expect((await verify(place, asked)).json['verified']).toBe(true);
    await turn(place, 'on');
    await expectVerified();
    await turn(place, 'off');
    expectRefused(await verify(place, query));
    await turn(place, 'on');
    await expectVerified();
    await authority.execute(createOrganisation, { name: 'beta' });
    await turn(place, 'on', 'beta');
    expectRefused(await verify(place, { ...query, organisation: 'beta' }));
    await authority.executeFor('beta', grantAcl, { child: 'acme' });
    await expectVerified({ ...query, organisation: 'beta' });
    await authority.executeFor('beta', revokeAcl, { child: 'acme' });
    expectRefused(await verify(place, { ...query, organisation: 'beta' }));
    await authority.executeFor('acme', revokeTrust, { fingerprint: signed.key_fingerprint });
    expectRefused(await verify(place, query));
    await authority.executeFor('acme', createKey, { name: 'second' });
    const { signature } = await authority.executeFor('acme', signPackage, { hash, name, key: 'second' });
    await expectVerified({ ...query, signatures: [signature] });
    await authority.executeFor('acme', revokeKey, { name: 'second' });
    expectRefused(await verify(place, { ...query, signatures: [signature] }));
  });

  test('whatever does not count is answered alike, to the byte and in every header', async () => {
    const place = await createPlace(engine);
    const { authority } = place;
    const { query, signed } = await prepare(place);
    await authority.execute(createOrganisation, { name: 'beta' });
    await authority.execute(createOrganisation, { name: 'gamma' });
    await authority.executeFor('beta', createKey, { name: 'theirs' });
    const { signature: theirs } = await authority.executeFor('beta', signPackage, { hash, name, key: 'theirs' });
    const { signature: other } = await authority.executeFor('acme', signPackage, {
      hash: 'f'.repeat(64),
      name,
      key: 'release',
    });
    const envelope = signed.signature as { signatures: readonly { sig: string }[] };
    const forged = {
      ...envelope,
      signatures: [{ ...envelope.signatures[0], sig: Buffer.alloc(64, 1).toString('base64') }],
    };
    await turn(place, 'on');
    const asked: readonly Query[] = [
      { ...query, organisation: 'nobody' },
      { ...query, organisation: 'NOT A NAME' },
      { ...query, organisation: 'did:key:z6MkixfGLHDcPhGaP7L7oRx5rWMmfoDcoaQ7bsSF2jaRyXbL' },
      { ...query, organisation: 'did:nonsense' },
      { ...query, organisation: authority.identity.did },
      { ...query, organisation: 'gamma' },
      { ...query, signatures: [theirs] },
      { ...query, signatures: [other] },
      { ...query, signatures: [forged] },
      { ...query, signatures: [{}] },
      { ...query, signatures: Array.from({ length: 16 }, () => null) },
      { ...query, name: 'other.wasm' },
      { ...query, name: 'PLUGIN.wasm' },
      { ...query, hash: '0'.repeat(64) },
    ];
    const first = seen(await verify(place, { ...query, organisation: 'gamma' }));
    expect(first).toMatchObject({ status: 200, text: '{"verified":false}' });
    for (const each of asked) expect(seen(await verify(place, each))).toEqual(first);
    expect((await verify(place, query)).json['verified']).toBe(true);
    expect(place.server.requests.filter(({ code }) => code !== undefined)).toEqual([]);
  });

  test('a hash signature counts where its key does, and binds no name', async () => {
    const place = await createPlace(engine);
    const { query } = await prepare(place);
    await place.authority.executeFor('acme', setOrganisation, { hash_signatures: 'on', public_verification: 'on' });
    const { signature } = await place.authority.executeFor('acme', signPackageHash, { hash, key: 'release' });
    const answered = await verify(place, { ...query, name: 'anything', signatures: [signature] });
    expect(answered.json).toMatchObject({ verified: true, expires_at: null });
  });

  test('a question of another form is bad input, whatever is on or off', async () => {
    const place = await createPlace(engine);
    const { query, signed } = await prepare(place);
    const { hash: _, ...incomplete } = query;
    for (const each of [
      {},
      [],
      null,
      'text',
      incomplete,
      { ...query, stray: 1 },
      { ...query, hash: hash.toUpperCase() },
      { ...query, name: '' },
      { ...query, name: 'x'.repeat(1025) },
      { ...query, organisation: 7 },
      { ...query, organisation: 'x'.repeat(257) },
      { ...query, signatures: [] },
      { ...query, signatures: {} },
      { ...query, signatures: Array.from({ length: 17 }, () => ({})) },
      { ...query, signatures: [{ ...signed.signature, signatures: Array(17).fill({}) }] },
      { ...query, signatures: Array(2).fill({ ...signed.signature, signatures: Array(9).fill({}) }) },
    ]) {
      expectProblem('bad_input', await verify(place, each), 400);
    }
    expectProblem('bad_input', await ask(place.server.url, '/api/verify', { body: JSON.stringify(query) }), 400);
    const long = { ...query, signatures: [{ payload: 'x'.repeat(128 * 1024) }] };
    expectProblem('too_large', await verify(place, long), 413);
    const { headers } = expectProblem('not_found', await ask(place.server.url, '/api/verify'), 405);
    expect(headers['allow']).toBe('POST');
    expectProblem('not_found', await ask(place.server.url, '/api/verify/more'), 404);
  });

  test('anybody can ask whose server it is, and how it is', async () => {
    const place = await createPlace(engine);
    const { did } = place.authority.identity;
    const document = await ask(place.server.url, '/.well-known/did.json');
    expect(document.json).toEqual(JSON.parse(JSON.stringify(createDidDocument(decodeDidKey(did)))));
    expect(document.json['id']).toBe(did);
    expect((await ask(place.server.url, '/healthz')).json).toEqual({ status: 'ok' });
    expect((await ask(place.server.url, '/readyz')).json).toEqual({ ready: true, locked: false });
    for (const path of ['/.well-known/did.json', '/healthz', '/readyz']) {
      expect(await ask(place.server.url, path, { method: 'HEAD' })).toMatchObject({ status: 200, text: '' });
    }
  });
});
