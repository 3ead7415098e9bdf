import { requireRefusal } from '../attempt.ts';
import { decodeEd25519DidKey } from '../did/did-key.ts';
import { HanaperError } from '../errors.ts';
import { clientLimits } from './limits.ts';
import { foreignAnswer, refusalOf } from './problem.ts';
import { isRecord, readJson } from './read-json.ts';
import type { Transport } from './transport.ts';

/** Remembers whose a server is, by its origin. `knownAuthoritiesFile` of `hanaper/authority` makes one. */
export interface Pins {
  /** The DID pinned for a server. */
  find(origin: string): string | undefined;
  /** Pins a DID. */
  remember(origin: string, did: string): void;
}

/** Whose a server must be. */
export interface Expectation {
  /** DID of the only authority to accept; else the pin counts. */
  readonly authority?: string | undefined;
  /** Pins of earlier runs; the first authority seen is remembered. */
  readonly pins?: Pins | undefined;
}

/**
 * Learns the DID of a server's authority, and checks it against what is known of it.
 *
 * @throws HanaperError `authority_changed`, `unavailable`
 */
export async function learnAuthority(transport: Transport, { authority, pins }: Expectation): Promise<string> {
  const actual = await readDid(transport);
  const expected = authority ?? pins?.find(transport.origin);
  if (expected === undefined) pins?.remember(transport.origin, actual);
  else if (expected !== actual) throw changed(transport.origin, expected, actual);
  return actual;
}

async function readDid(transport: Transport): Promise<string> {
  const answer = await transport.send({
    method: 'GET',
    path: '/.well-known/did.json',
    headers: { accept: 'application/json' },
    most: clientLimits.didDocumentBytes,
    changes: false,
  });
  if (answer.status !== 200) throw refusalOf(answer, transport.origin);
  const document = readJson(answer);
  const did = isRecord(document) ? document['id'] : undefined;
  if (typeof did === 'string' && isAuthorityDid(did)) return did;
  throw foreignAnswer(answer, transport.origin);
}

function isAuthorityDid(did: string): boolean {
  try {
    decodeEd25519DidKey(did);
    return true;
  } catch (error) {
    requireRefusal(error);
    return false;
  }
}

function changed(server: string, expected: string, actual: string): HanaperError {
  return new HanaperError(
    'authority_changed',
    `${server} is the server of the authority ${actual}, but ${expected} was expected: it was exchanged, or somebody stands between. If that is right, remove its line from known_authorities in the state folder.`,
    { server, expected, actual, remedy: 'accept_authority' },
  );
}
