import { encodeHex, encodeUtf8, equalBytes } from '../bytes.ts';
import { sha256 } from '../crypto/digest.ts';
import { HanaperError } from '../errors.ts';
import { checkSeen } from '../log/check-seen.ts';
import { type Checkpoint, parseCheckpoint } from '../log/checkpoint.ts';
import { maxNoteLength, parseNote } from '../log/note.ts';
import { aheadTolerance } from '../signature/time.ts';
import { DocumentReader } from './document-reader.ts';
import type { TrustBundle } from './open-bundle.ts';
import { encodeTrustState } from './state.ts';

/** What a verifier remembers of the trust of one organisation. */
interface SeenOrganisation {
  /** The highest version. */
  readonly version: number;
  /** The size of the log that it rested on. */
  readonly log_size: number;
  /** SHA-256 of the state in its one form: 64 hex characters. Earlier programs have not remembered it. */
  readonly state_sha256?: string;
}

/** What a verifier remembers of one authority. */
export interface SeenAuthority {
  /** When the newest bundle that was seen was issued: RFC 3339, UTC, milliseconds. Earlier programs have put their clock here. */
  readonly latest_time: string;
  /** By the organisation's DID. */
  readonly organizations: Readonly<Record<string, SeenOrganisation>>;
  /** The last checkpoint: the text of its note. */
  readonly log: { readonly origin: string; readonly checkpoint: string };
}

/** What a verifier remembers, as it stands in the trust state file (docs/formats/trust-bundle.md). */
export interface SeenTrust {
  readonly version: 1;
  /** By the authority's DID. */
  readonly authorities: Readonly<Record<string, SeenAuthority>>;
}

/** The longest trust state that is read, in bytes. */
export const maxSeenLength: number = 4 * 1024 * 1024;

/** Nothing was seen yet. */
export const nothingSeen: SeenTrust = { version: 1, authorities: {} };

/** The text of a trust state file. */
export function formatSeen({ version, authorities }: SeenTrust): string {
  return `${JSON.stringify({ version, authorities }, null, 2)}\n`;
}

/**
 * Reads a trust state file. One that cannot be read must not count as none.
 *
 * @throws HanaperError `bad_config`
 */
export function parseSeen(bytes: Uint8Array): SeenTrust {
  const { version, authorities } = reader.object(reader.json(reader.utf8(bytes, maxSeenLength)), 'state', [
    'version',
    'authorities',
  ]);
  if (version !== 1) throw refuse('is of another version', 'version');
  return { version, authorities: readMap(authorities, 'authorities', readAuthority) };
}

/** The present, for whatever an authority has said: the later of the clock and what was seen, so that no clock leads back behind that. */
export function laterOf(seen: SeenTrust, authority: string, clock: Date): Date {
  const known = find(seen.authorities, authority);
  return known && Date.parse(known.latest_time) > clock.getTime() ? new Date(known.latest_time) : clock;
}

/** The latest time that was seen of an authority, where the clock is behind it by more than 60 seconds: one of the two is wrong. */
export function aheadOf(seen: SeenTrust, authority: string, clock: Date): string | undefined {
  const latest = find(seen.authorities, authority)?.latest_time;
  return latest !== undefined && Date.parse(latest) > clock.getTime() + aheadTolerance ? latest : undefined;
}

/**
 * Checks a bundle that was opened against what was seen before, and returns what is to be remembered from here on. Of
 * times that is `issued_at` alone: it is the authority's word, while this machine's clock may be wrong for a day. A
 * log that has grown is taken by the word of the authority, which has signed the bundle.
 *
 * @throws HanaperError `bundle_rolled_back`, `log_rolled_back`; `log_tampered` where it is another log
 */
export function checkBundle(seen: SeenTrust, bundle: TrustBundle): SeenTrust {
  const { authority, state, rest } = bundle;
  const known = find(seen.authorities, authority);
  const before = findBefore(known, bundle);
  if (before) requireNewer(before, bundle);
  const log = known && readNote(known.log.checkpoint);
  if (log && (log.origin !== rest.origin || log.size === rest.size)) checkSeen(log, rest);
  const organizations = {
    ...known?.organizations,
    [state.organisation.did]: { version: state.version, log_size: rest.size, state_sha256: digestOf(bundle) },
  };
  const checkpoint = log && known && log.size >= rest.size ? known.log.checkpoint : bundle.checkpoint;
  const latest_time = known && known.latest_time > bundle.issuedAt ? known.latest_time : bundle.issuedAt;
  const remembered = { latest_time, organizations, log: { origin: rest.origin, checkpoint } };
  return { version: 1, authorities: { ...seen.authorities, [authority]: remembered } };
}

/** Whether a bundle of that organisation was seen before: else an older one cannot be told from it. */
export function knowsBefore(seen: SeenTrust, bundle: TrustBundle): boolean {
  return findBefore(find(seen.authorities, bundle.authority), bundle) !== undefined;
}

/** Whether a checkpoint is the very one that was remembered of an authority: then not even the authority can have made it up since. */
export function wasSeen(seen: SeenTrust, authority: string, { origin, size, root }: Checkpoint): boolean {
  const known = find(seen.authorities, authority);
  const last = known && readNote(known.log.checkpoint);
  return last !== undefined && last.origin === origin && last.size === size && equalBytes(last.root, root);
}

/** The error for a verifier that must remember, and remembers nothing. */
export function withoutSeen({ state: { organisation } }: TrustBundle): HanaperError {
  return new HanaperError(
    'bundle_rolled_back',
    `The trust bundle cannot be told from an older one: none of ${organisation.name} was seen before. Where you know that it is the newest, have it remembered once without asking for that.`,
    { reason: 'no state' },
  );
}

function findBefore(
  known: SeenAuthority | undefined,
  { state: { organisation } }: TrustBundle,
): SeenOrganisation | undefined {
  return known && find(known.organizations, organisation.did);
}

function requireNewer(before: SeenOrganisation, bundle: TrustBundle): void {
  const { state, rest } = bundle;
  const { version, log_size: size, state_sha256: digest } = before;
  if (state.version < version) {
    throw rolledBack(
      'version',
      `is older than one that was seen before (then version ${version}, now ${state.version})`,
      {
        seen: version,
        now: state.version,
      },
    );
  }
  if (state.version === version && digest !== undefined && digest !== digestOf(bundle)) {
    throw rolledBack('forked', `says something else than one of the same version ${version} that was seen before`, {
      seen: digest,
      now: digestOf(bundle),
    });
  }
  if (rest.size >= size) return;
  if (state.version === version) {
    throw rolledBack(
      'log',
      `is older than one that was seen before (then ${size} entries in the log, now ${rest.size})`,
      {
        seen: size,
        now: rest.size,
      },
    );
  }
  checkSeen({ ...rest, size }, rest);
}

function digestOf({ state }: TrustBundle): string {
  return encodeHex(sha256(encodeUtf8(encodeTrustState(state))));
}

function rolledBack(reason: string, sentence: string, details: object): HanaperError {
  return new HanaperError(
    'bundle_rolled_back',
    `The trust bundle ${sentence}. Get the newest one, and find out who handed out this.`,
    { reason, ...details },
  );
}

function readAuthority(value: unknown, field: string): SeenAuthority {
  const { latest_time, organizations, log } = reader.object(value, field, ['latest_time', 'organizations', 'log']);
  const { origin, checkpoint } = reader.object(log, `${field}.log`, ['origin', 'checkpoint']);
  const note = reader.text(checkpoint, `${field}.log.checkpoint`, { max: maxNoteLength });
  if (readNote(note).origin !== origin) throw refuse('is of another log', `${field}.log.origin`);
  return {
    latest_time: reader.time(latest_time, `${field}.latest_time`),
    organizations: readMap(organizations, `${field}.organizations`, readOrganisation),
    log: { origin: reader.text(origin, `${field}.log.origin`, { max: 1024 }), checkpoint: note },
  };
}

function readOrganisation(value: unknown, field: string): SeenOrganisation {
  const { version, log_size, state_sha256 } = reader.object(value, field, ['version', 'log_size'], ['state_sha256']);
  return {
    version: reader.integer(version, `${field}.version`, 1),
    log_size: reader.integer(log_size, `${field}.log_size`, 0),
    ...(state_sha256 !== undefined && { state_sha256: reader.sha256(state_sha256, `${field}.state_sha256`) }),
  };
}

function readMap<Value>(
  value: unknown,
  field: string,
  read: (value: unknown, field: string) => Value,
): Readonly<Record<string, Value>> {
  const dids = typeof value === 'object' && value !== null ? Object.keys(value) : [];
  const map = reader.object(value, field, [], dids);
  return Object.fromEntries(dids.map((did) => [reader.did(did, field), read(map[did], `${field}.${did}`)]));
}

function readNote(note: string): Checkpoint {
  try {
    return parseCheckpoint(parseNote(encodeUtf8(note)).text);
  } catch (cause) {
    throw refuse('is no checkpoint', 'checkpoint', cause);
  }
}

function find<Value>(map: Readonly<Record<string, Value>>, key: string): Value | undefined {
  return Object.hasOwn(map, key) ? map[key] : undefined;
}

const reader = new DocumentReader(refuse);

function refuse(reason: string, field: string, cause?: unknown): HanaperError {
  const place = field === '' ? '' : `${field} `;
  return new HanaperError(
    'bad_config',
    `The trust state cannot be read: ${place}${reason}. Restore it; if it is deleted, an older trust bundle is no longer noticed.`,
    { field, reason },
    cause,
  );
}
