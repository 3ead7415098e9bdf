import { checkSecretSeed } from '../../authority/check-secret-seed.ts';
import {
  createKey,
  exportKey,
  importKey,
  listKeys,
  rotateKey,
  type SigningKeyDocument,
} from '../../authority/index.ts';
import { decodeHex, encodeHex, encodeUtf8 } from '../../bytes.ts';
import { publicKeyOf } from '../../crypto/ed25519.ts';
import { decodePrivateKey } from '../../crypto/key-format.ts';
import { ReservedFile } from '../../package/reserve-file.ts';
import { sealSeed } from '../../vault/sealed-seed.ts';
import { markState } from '../altered.ts';
import { findKey } from '../find-key.ts';
import { formatLabelled } from '../format-labelled.ts';
import { formatTable, type Outcome } from '../output.ts';
import { readSecretFile } from '../read-secret-file.ts';
import { describeState } from '../revocation-options.ts';
import type { Session } from '../session.ts';

/** Options of `key create` and `key import`. */
export interface AddKeyOptions {
  /** `false` with `--no-trust`. */
  readonly trust: boolean;
  readonly label?: string;
}

/** `hanaper key create NAME` */
export async function create(session: Session, name: string, { trust, label }: AddKeyOptions): Promise<Outcome> {
  const caller = await session.openCaller('write');
  const args = { name, trusted: trust, ...(label !== undefined && { label }) };
  const document = await caller.executeFor(session.organisation, createKey, args);
  return describeAdded(document, 'was created and sealed', trust);
}

/** `hanaper key import NAME FILE` */
export async function importFrom(
  session: Session,
  name: string,
  file: string,
  { trust, label }: AddKeyOptions,
): Promise<Outcome> {
  const { content, exposed } = await readSecretFile(file);
  using bytes = content;
  using seed = await decodePrivateKey(bytes);
  const caller = await session.openCaller('write');
  if (!session.remote) await checkSecretSeed(await session.openUnwatched(), seed);
  const publicKey = await publicKeyOf(seed);
  const document = await caller.executeFor(session.organisation, importKey, {
    name,
    trusted: trust,
    ...(label !== undefined && { label }),
    public_key: encodeHex(publicKey),
    sealed_seed: encodeHex(await sealSeed(seed, publicKey, caller.identity.did)),
  });
  if (exposed) session.warn(`Others than you could read ${file}: consider making a new key instead.`);
  const { lines, ...rest } = describeAdded(document, 'was imported and sealed', trust);
  return { ...rest, lines: [...lines, `Destroy ${file} if this is where the key shall live from now on.`] };
}

/** `hanaper key list` */
export async function list(session: Session): Promise<Outcome> {
  const caller = await session.openCaller('read');
  const document = await caller.executeFor(session.organisation, listKeys, {});
  const rows = document.keys.map((key) => [
    key.name,
    key.fingerprint,
    key.created_at,
    markState(describeState(key), key),
  ]);
  const none = ['There is no signing key yet.', '', 'Next: hanaper key create NAME'];
  return {
    document,
    lines: rows.length > 0 ? formatLabelled(['NAME', 'FINGERPRINT', 'CREATED', 'STATE'], rows, document.keys) : none,
  };
}

/** `hanaper key show KEY` */
export async function show(session: Session, reference: string): Promise<Outcome> {
  const caller = await session.openCaller('read');
  const key = await findKey(caller, session.organisation, reference);
  const { pem: _, ...document } = await caller.executeFor(session.organisation, exportKey, key);
  const { name, label, fingerprint, public_key, created_at, others } = document;
  const rows = others.map((other) => [other.fingerprint, other.created_at, describeState(other)]);
  return {
    document,
    lines: [
      `${name}${document.revoked_at === null ? '' : ` (${describeState(document)})`}`,
      ...(label === null ? [] : [`  label       ${label}`]),
      `  fingerprint ${fingerprint}`,
      `  public key  ${public_key}`,
      `  created     ${created_at}`,
      ...(others.length > 0 ? ['', `Other keys of that name:`, ...formatTable(otherHeadings, rows)] : []),
    ],
  };
}

const otherHeadings = ['FINGERPRINT', 'CREATED', 'STATE'];

/** Options of `key export`. */
export interface ExportOptions {
  readonly format: 'pem' | 'raw';
  readonly output?: string;
}

/** `hanaper key export KEY`: the public half, on standard output or into a file. */
export async function exportPublic(
  session: Session,
  reference: string,
  { format, output }: ExportOptions,
): Promise<Outcome> {
  using place = output === undefined ? undefined : ReservedFile.reserve(output, { mode: 0o644 });
  const caller = await session.openCaller('read');
  const key = await findKey(caller, session.organisation, reference);
  const document = await caller.executeFor(session.organisation, exportKey, key);
  if (document.revoked_at !== null) session.warn(`This key was revoked at ${document.revoked_at}.`);
  const bytes = format === 'pem' ? encodeUtf8(document.pem) : decodeHex(document.public_key);
  if (place && bytes) {
    place.write(bytes);
    return {
      document,
      lines: [
        `The public key ${document.name} was written to ${output}.`,
        ...(document.revoked_at === null ? ['', `Next, elsewhere: hanaper trust add ${output}`] : []),
      ],
    };
  }
  return { document, lines: [], ...(bytes && { bytes }) };
}

/** `hanaper key rotate KEY` */
export async function rotate(session: Session, reference: string): Promise<Outcome> {
  const caller = await session.openCaller('write');
  const meant = await findKey(caller, session.organisation, reference);
  const document = await caller.executeFor(session.organisation, rotateKey, meant);
  const { name } = meant;
  const { key, replaced, also_trusted_by: others, policy_groups: groups } = document;
  const told = `These trusted the old key themselves, and have to decide about the new one: ${others.join(', ')}.`;
  const short = `The verification policy does not count the new key in: ${groups.join(', ')}. To add it, change the policy that "hanaper policy show --json" gives, and set it: hanaper policy set FILE.`;
  return {
    document,
    lines: [
      `The signing key ${name} has a successor of the same name.`,
      `  new ${key.fingerprint}`,
      `  old ${replaced.fingerprint}`,
      `What the old key signed before stays valid where its place in the log is known.`,
      ...(others.length > 0 ? [told] : []),
      ...(groups.length > 0 ? [short] : []),
      '',
      others.length > 0
        ? `Next: hanaper key export ${name} --output ${name}.pem, for hanaper trust add ${name}.pem --org ${others[0]}`
        : `Next: hanaper package sign FILE --key ${name}`,
    ],
  };
}

function describeAdded(document: SigningKeyDocument, what: string, trusted: boolean): Outcome {
  const { name, label, fingerprint } = document;
  return {
    document,
    lines: [
      `The signing key ${name} ${what}.`,
      ...(label === null ? [] : [`  label       ${label}`]),
      `  fingerprint ${fingerprint}`,
      trusted ? '  trusted by its own organisation' : '  not trusted by anybody yet (--no-trust)',
      '',
      `Next: hanaper package sign FILE --key ${name}`,
    ],
  };
}
