import { basename, extname } from 'node:path';
import { requireRefusal } from '../../attempt.ts';
import { addTrust, exportTrust, listTrust, revokeTrust, showOrganisation } from '../../authority/index.ts';
import { encodeHex, encodeUtf8 } from '../../bytes.ts';
import { ReservedFile } from '../../package/reserve-file.ts';
import { maxBundleLength } from '../../trust/bundle.ts';
import { markState } from '../altered.ts';
import type { Caller } from '../caller.ts';
import { parseFutureExpiry } from '../duration.ts';
import { formatLabelled } from '../format-labelled.ts';
import type { Outcome } from '../output.ts';
import { readPublicKey } from '../read-public-key.ts';
import { describeRest, describeState, type RevocationOptions, readRevocation } from '../revocation-options.ts';
import type { Session } from '../session.ts';

/** Options of `trust add`. */
export interface AddOptions {
  readonly name?: string;
  readonly label?: string;
}

/** `hanaper trust add FILE` */
export async function add(session: Session, file: string, { name, label }: AddOptions): Promise<Outcome> {
  const publicKey = await readPublicKey(file);
  const caller = await session.openCaller('write');
  const called = name ?? nameOfFile(file);
  const document = await caller.executeFor(session.organisation, addTrust, {
    public_key: encodeHex(publicKey),
    ...(called !== undefined && { name: called }),
    ...(label !== undefined && { label }),
  });
  return {
    document,
    lines: [
      `The key ${document.name ?? file} is trusted now.`,
      `  fingerprint ${document.fingerprint}`,
      '',
      'Next: hanaper package verify FILE',
    ],
  };
}

/** `hanaper trust list` */
export async function list(session: Session): Promise<Outcome> {
  const caller = await session.openCaller('read');
  const document = await caller.executeFor(session.organisation, listTrust, {});
  const rows = document.keys.map((key) => [
    key.name ?? '-',
    key.fingerprint,
    key.via === null ? 'own' : `through ${key.via}`,
    key.trusted_at,
    markState(describeState(key), key),
  ]);
  const none = ['No key is trusted yet.', '', 'Next: hanaper trust add FILE, or hanaper acl grant'];
  return {
    document,
    lines:
      rows.length > 0 ? formatLabelled(['NAME', 'FINGERPRINT', 'TRUST', 'SINCE', 'STATE'], rows, document.keys) : none,
  };
}

/** `hanaper trust revoke FINGERPRINT` */
export async function revoke(session: Session, fingerprint: string, options: RevocationOptions): Promise<Outcome> {
  const args = { fingerprint, ...readRevocation(options) };
  const caller = await session.openCaller('write');
  const document = await caller.executeFor(session.organisation, revokeTrust, args);
  const since = document.effective_at;
  const rest = since === null ? [] : [`  ${describeRest(since)}`];
  return { document, lines: [`The key ${fingerprint} is no longer trusted.`, ...rest] };
}

/** Options of `trust export`. */
export interface ExportOptions {
  readonly expires?: string;
  readonly output?: string;
}

/** `hanaper trust export`: into a file, or on standard output. */
export async function exportBundle(session: Session, { expires, output }: ExportOptions): Promise<Outcome> {
  const args = expires === undefined ? {} : { expires_in: secondsUntil(expires) };
  const caller = await session.openCaller('write');
  using place = output === '-' ? undefined : await reserveBundle(session, caller, output);
  const { bundle, ...told } = await caller.executeFor(session.organisation, exportTrust, args);
  const bytes = encodeUtf8(bundle);
  const document = { ...told, ...(await readSigned(bytes, caller.identity.did, told.issued_at)) };
  if (place === undefined) return { document: { ...document, bundle }, lines: [], bytes };
  const file = output ?? `${document.organisation}.trust`;
  place.write(bytes, file);
  const { organisation, version, authority, expires_at } = document;
  return {
    document: { ...document, file },
    lines: [
      `The trust of ${organisation} (version ${version}) was written to ${file}.`,
      `  signed by ${authority}`,
      `  until     ${expires_at}`,
      '',
      `Next, elsewhere: hanaper package verify FILE --trust-bundle ${file} --authority ${authority}`,
    ],
  };
}

// A server's answer to a question has no receipt: what is said of a bundle is what its authority has signed.
async function readSigned(bytes: Uint8Array, did: string, issuedAt: string) {
  const { openBundle } = await import('../../trust/open-bundle.ts');
  const { authority, expiresAt, state } = await openBundle(bytes, { authority: did, now: new Date(issuedAt) });
  return { authority, organisation: state.organisation.name, version: state.version, expires_at: expiresAt };
}

async function reserveBundle(session: Session, caller: Caller, output: string | undefined): Promise<ReservedFile> {
  const file = output ?? `${await nameOrganisation(session, caller)}.trust`;
  return ReservedFile.reserve(file, { mode: 0o644, room: maxBundleLength / 4 });
}

// Who may export need not be allowed to ask for the name; the folder is the same under any.
async function nameOrganisation(session: Session, caller: Caller): Promise<string> {
  try {
    return (await caller.executeFor(session.organisation, showOrganisation, {})).name;
  } catch (error) {
    requireRefusal(error);
    return 'organisation';
  }
}

function secondsUntil(text: string): number {
  const now = new Date();
  return Math.floor((Date.parse(parseFutureExpiry(text, now)) - now.getTime()) / 1000);
}

// A file called release.pem gives its key the name "release"; a name that would not do is left out.
function nameOfFile(file: string): string | undefined {
  const name = basename(file, extname(file)).toLowerCase();
  return name.length <= 63 && /^[a-z0-9]+(-[a-z0-9]+)*$/.test(name) ? name : undefined;
}
