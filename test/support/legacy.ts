/** Tokens of UCAN 0.8 to 0.10, made as other programs made them. */
import { createHash } from 'node:crypto';
import type { Authority } from '../../src/authority/authority.ts';
import { resolveOrganisation } from '../../src/authority/execution/find-organisation.ts';
import { identityKeyContext } from '../../src/authority/identity/sealed-key-context.ts';
import { sign } from '../../src/crypto/ed25519.ts';
import { fingerprintOf } from '../../src/crypto/fingerprint.ts';
import { decodeEd25519DidKey } from '../../src/did/did-key.ts';
import type { SigningKeyType } from '../../src/did/public-key.ts';
import type { Signer } from '../../src/ucan/index.ts';
import { later } from './ucan.ts';

const algorithms: Readonly<Record<SigningKeyType, string>> = { ed25519: 'EdDSA', p256: 'ES256', secp256k1: 'ES256K' };

/** Fields of a header or payload; `undefined` leaves one out. */
export type LegacyJson = Readonly<Record<string, unknown>>;

/** How a token may differ from what it should be. */
export interface LegacyChanges {
  readonly header?: LegacyJson;
  readonly payload?: LegacyJson;
}

/** A token of UCAN 0.8.1, good for an hour, that lets `audience` read one resource. */
export function signLegacy(
  issuer: Signer,
  audience: Pick<Signer, 'did'>,
  { header, payload }: LegacyChanges = {},
): Promise<string> {
  return signJwt(
    issuer,
    { alg: algorithms[issuer.keyType], typ: 'JWT', ucv: '0.8.1', ...header },
    {
      iss: issuer.did,
      aud: audience.did,
      exp: later,
      att: [{ with: 'db://example.com/users', can: 'db/READ' }],
      prf: [],
      ...payload,
    },
  );
}

/** A token of UCAN 0.10.0 that says the same. */
export function signLatestLegacy(
  issuer: Signer,
  audience: Pick<Signer, 'did'>,
  { header, payload }: LegacyChanges = {},
): Promise<string> {
  const cap = { 'db://example.com/users': { 'db/read': [{}] } };
  return signLegacy(issuer, audience, {
    header: { ucv: undefined, ...header },
    payload: { ucv: '0.10.0', cap, att: undefined, prf: undefined, ...payload },
  });
}

/** A JWT of any two values, signed well. */
export async function signJwt(issuer: Signer, header: unknown, payload: unknown): Promise<string> {
  const covered = `${toBase64Url(JSON.stringify(header))}.${toBase64Url(JSON.stringify(payload))}`;
  const signature = await issuer.sign(Buffer.from(covered));
  return `${covered}.${toBase64Url(signature)}`;
}

/** What names a token in the database. */
export function digestOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

function toBase64Url(content: string | Uint8Array): string {
  return Buffer.from(content).toString('base64url');
}

/** Signs whatever it is given with the identity key of the authority, or of an organisation by name: what no command does. */
export async function openAnySigner(authority: Authority, organisation?: string): Promise<Signer> {
  const vault = authority.requireVault();
  if (organisation === undefined) return { did: vault.did, keyType: 'ed25519', sign: (message) => vault.sign(message) };
  const row = await authority.database.transact('read', (transaction) =>
    resolveOrganisation(transaction, organisation),
  );
  return {
    did: row.did,
    keyType: 'ed25519',
    async sign(message) {
      const place = identityKeyContext(row, fingerprintOf(decodeEd25519DidKey(row.did)));
      using seed = await vault.openKey(row.encryptedIdentityKey, place);
      return await sign(seed, message);
    },
  };
}
