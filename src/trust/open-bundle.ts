import { attempt } from '../attempt.ts';
import { encodeUtf8 } from '../bytes.ts';
import { type Ed25519PublicKey, verify } from '../crypto/ed25519.ts';
import { decodeDidKeyToVerify } from '../did/did-key.ts';
import { HanaperError } from '../errors.ts';
import { type Checkpoint, parseCheckpoint } from '../log/checkpoint.ts';
import { type LogKey, readLogKey } from '../log/log-key.ts';
import { parseNote } from '../log/note.ts';
import { type OptionNames, requireKnownOptions } from '../options.ts';
import { type DecodedEnvelope, decodeEnvelope, preAuthenticationEncoding } from '../signature/dsse.ts';
import { aheadTolerance } from '../signature/time.ts';
import { type BundleClaims, bundlePayloadType, bundleType, formatBundle, maxBundleLength } from './bundle.ts';
import { StateReader, stateFields } from './decode-state.ts';
import { DocumentReader } from './document-reader.ts';
import type { SnapshotAuthority } from './snapshot.ts';
import { trustTampered } from './tampered.ts';

/** A trust bundle whose authority, signature and time were checked. */
export interface TrustBundle extends BundleClaims {
  /** DID of the authority that signed it. */
  readonly authority: string;
  /** The key of its log, by the word of that authority. */
  readonly logKey: LogKey;
  /** The checkpoint that it rests on, by the word of that authority: the log's own signature on the note is not looked at. */
  readonly rest: Checkpoint;
}

/** Whose bundle counts, and when. */
export interface BundleContext {
  /** DID of the authority, from elsewhere than the bundle. */
  readonly authority: string;
  readonly now: Date;
}

const bounds = { payloadType: bundlePayloadType, maxPayloadLength: maxBundleLength };
const fields = ['_type', 'authority', 'issued_at', 'expires_at', 'state', 'log', 'checkpoint'];

const contextNames: OptionNames<BundleContext> = {
  authority: true,
  now: true,
};

/**
 * Opens a trust bundle: the bytes of a `.trust` file. One signature is verified. Whether it is older than one that was seen
 * before, `checkBundle` tells.
 *
 * @throws HanaperError `authority_changed`, `trust_tampered`, `bundle_not_yet_valid`, `bundle_expired`; `bad_input`,
 *   `malformed_key`, `weak_key` for an invalid DID
 */
export async function openBundle(bytes: Uint8Array, context: BundleContext): Promise<TrustBundle> {
  requireKnownOptions('openBundle', context, contextNames);
  const { authority, now } = context;
  const identity = requireEd25519(authority);
  const envelope = readEnvelope(bytes);
  if (!(await isSignedBy(identity, envelope))) throw await explainUnsigned(authority, envelope);
  if (envelope.keyid !== authority) throw refuse('is under another name than that of its authority', 'keyid');
  const bundle = readBundle({ did: authority, publicKey: identity }, envelope.payload);
  requireNotAhead(bundle, now);
  requireNotExpired(bundle, now);
  return bundle;
}

/**
 * Refuses a bundle whose time is over; its last moment still counts.
 *
 * @throws HanaperError `bundle_expired`
 */
export function requireNotExpired({ expiresAt }: Pick<BundleClaims, 'expiresAt'>, now: Date): void {
  if (now.getTime() <= Date.parse(expiresAt)) return;
  throw new HanaperError('bundle_expired', `The trust bundle expired at ${expiresAt}. Have it exported anew.`, {
    expires_at: expiresAt,
    now: now.toISOString(),
    remedy: 'export_trust_bundle',
  });
}

// A bundle that was dated by a wrong clock would make every later one look old to a verifier that remembers it.
function requireNotAhead({ issuedAt }: BundleClaims, now: Date): void {
  if (Date.parse(issuedAt) <= now.getTime() + aheadTolerance) return;
  throw new HanaperError(
    'bundle_not_yet_valid',
    `The trust bundle is dated ${issuedAt}, and here it is ${now.toISOString()}. Check the clock of this machine and the authority's; where the authority's was wrong, have the bundle exported anew.`,
    { issued_at: issuedAt, now: now.toISOString(), remedy: 'export_trust_bundle' },
  );
}

function readEnvelope(bytes: Uint8Array): DecodedEnvelope {
  const json = reader.json(reader.utf8(bytes, maxBundleLength));
  try {
    return decodeEnvelope(json, bounds);
  } catch (cause) {
    const reason = cause instanceof HanaperError ? String(cause.details['reason']) : 'is no envelope';
    throw refuse(reason, '', cause);
  }
}

function isSignedBy(key: Ed25519PublicKey, { payload, signature }: DecodedEnvelope): Promise<boolean> {
  return verify(key, preAuthenticationEncoding(payload, bundlePayloadType), signature);
}

function readBundle({ did: authority, publicKey }: SnapshotAuthority, payload: Uint8Array): TrustBundle {
  const text = reader.utf8(payload, maxBundleLength);
  const members = reader.object(reader.json(text), 'payload', fields);
  if (members['_type'] !== bundleType) throw refuse('is something else', '_type');
  if (members['authority'] !== authority)
    throw refuse('names another authority than the one that signed it', 'authority');
  const log = reader.object(members['log'], 'log', ['statement', 'signature']);
  const claims: BundleClaims = {
    issuedAt: reader.time(members['issued_at'], 'issued_at'),
    expiresAt: reader.time(members['expires_at'], 'expires_at'),
    state: states.state(reader.object(members['state'], 'state', stateFields)),
    log: {
      statement: reader.base64(log['statement'], 'log.statement', 256),
      signature: reader.base64(log['signature'], 'log.signature', 64),
    },
    checkpoint: reader.text(members['checkpoint'], 'checkpoint', { max: 64 * 1024 }),
  };
  if (formatBundle(authority, claims, { statement: log['statement'], signature: log['signature'] }) !== text)
    throw refuse('is not in its one form');
  return { ...claims, authority, ...readLog(authority, publicKey, claims) };
}

// The authority has signed all of the bundle: what it says there of its log needs no other signature.
function readLog(
  authority: string,
  identity: Ed25519PublicKey,
  { log, checkpoint }: BundleClaims,
): Pick<TrustBundle, 'logKey' | 'rest'> {
  try {
    const logKey = readLogKey(log.statement, authority, identity);
    const rest = parseCheckpoint(parseNote(encodeUtf8(checkpoint)).text);
    if (rest.origin === logKey.origin) return { logKey, rest };
  } catch (cause) {
    throw refuse('says of its log what cannot be', 'log', cause);
  }
  throw refuse('rests on a checkpoint of another log', 'checkpoint');
}

// Somebody else's bundle is one that somebody else has signed; whatever else is not signed was altered.
async function explainUnsigned(expected: string, envelope: DecodedEnvelope): Promise<HanaperError> {
  const { keyid = '' } = envelope;
  const key = keyid === expected ? undefined : attempt(() => requireEd25519(keyid));
  if (key === undefined || !(await isSignedBy(key, envelope))) return refuse('is not signed by its authority');
  return new HanaperError(
    'authority_changed',
    `The trust bundle is that of the authority ${keyid}, but only ${expected} is accepted. Get the bundle of the authority that you expect.`,
    { expected, actual: keyid },
  );
}

function requireEd25519(did: string): Ed25519PublicKey {
  const key = decodeDidKeyToVerify(did);
  if (key.type === 'ed25519') return key.bytes;
  throw new HanaperError('bad_input', 'This is a DID, but not that of an authority, which begins with did:key:z6Mk.', {
    expected: 'did:key:z6Mk…',
  });
}

const reader = new DocumentReader(refuse);
const states = new StateReader(reader, refuse);

function refuse(reason: string, field = '', cause?: unknown): HanaperError {
  return trustTampered('bundle', field === '' ? reason : `${reason} (${field})`, { field }, cause);
}
