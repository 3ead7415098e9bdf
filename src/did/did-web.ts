import { concatBytes } from '../bytes.ts';
import { HanaperError } from '../errors.ts';
import { parseJson } from '../parse-json.ts';
import { didDocumentLimits, readDidDocument, type VerificationMethod } from './document.ts';

/** What {@link resolveDidWeb} asks of a fetch: the global one does it. */
export type FetchDidDocument = (url: string, init: DidWebRequest) => Promise<Response>;

/** How the document is asked for. A fetch that reaches private addresses must be kept from doing so by its owner. */
export interface DidWebRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly redirect: 'error';
  readonly credentials: 'omit';
  readonly cache: 'no-store';
  readonly signal: AbortSignal;
}

/** What {@link resolveDidWeb} needs. */
export interface DidWebResolution {
  readonly fetch: FetchDidDocument;
  /** The time; the system's where it is left out. */
  readonly now?: () => Date;
}

/** The keys of a did:web, and when its document was fetched: trust it for a few minutes, no longer. */
export interface ResolvedDidWeb {
  readonly did: string;
  readonly verificationMethods: readonly VerificationMethod[];
  readonly resolvedAt: Date;
}

/** Bounds of one resolution; the document's own are {@link didDocumentLimits}. */
export const didWebLimits: Readonly<Record<'milliseconds' | 'didCharacters' | 'hostCharacters', number>> = {
  /** From the request to the last byte. */
  milliseconds: 5000,
  didCharacters: 512,
  /** RFC 1035, section 2.3.4. */
  hostCharacters: 253,
};

const scheme = 'did:web:';
const label = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const segment = /^[A-Za-z0-9._-]+$/;
const mediaTypes = [
  'application/did+json',
  'application/did+ld+json',
  'application/did',
  'application/ld+json',
  'application/json',
];

/** Whether `text` is a did:web in its one form: host in lower case, a port after `%3A`, no address for a host. */
export function isDidWeb(text: string): boolean {
  return parseUrl(text) !== undefined;
}

/**
 * Where the document of a did:web lies (did:web method, section 2.5.2): always by HTTPS.
 *
 * @throws HanaperError `bad_input`
 */
export function didWebUrl(did: string): string {
  const url = parseUrl(did);
  if (url !== undefined) return url;
  throw new HanaperError(
    'bad_input',
    'This is no did:web; one looks like did:web:example.com or did:web:example.com:user.',
    { expected: 'did:web:example.com' },
  );
}

/**
 * Fetches the document of a did:web and reads its keys: no redirect, JSON alone, within {@link didWebLimits}, and its id
 * must be the DID.
 *
 * @throws HanaperError `bad_input`, `not_found`, `too_large`, `unavailable`
 */
export async function resolveDidWeb(
  did: string,
  { fetch, now = () => new Date() }: DidWebResolution,
): Promise<ResolvedDidWeb> {
  const url = didWebUrl(did);
  const signal = AbortSignal.timeout(didWebLimits.milliseconds);
  const resolvedAt = now();
  const bytes = await unlessUnreachable(did, () => fetchDocument(fetch, url, signal));
  return { did, verificationMethods: readDidDocument(readText(bytes), did), resolvedAt };
}

async function fetchDocument(fetch: FetchDidDocument, url: string, signal: AbortSignal): Promise<Uint8Array> {
  const response = await inTime(
    fetch(url, {
      headers: { accept: 'application/did+json, application/json' },
      redirect: 'error',
      credentials: 'omit',
      cache: 'no-store',
      signal,
    }),
    signal,
  );
  try {
    requireDocument(response, url);
    return await readBounded(response, signal);
  } catch (error) {
    // A body that nobody reads would hold its connection.
    if (!response.body?.locked) response.body?.cancel().catch(() => undefined);
    throw error;
  }
}

function requireDocument(response: Response, url: string): void {
  const isElsewhere = response.redirected || (response.url !== '' && response.url !== url);
  if (isElsewhere || (response.status >= 300 && response.status < 400)) throw refused('it is redirected');
  if (response.status === 404 || response.status === 410) {
    throw new HanaperError('not_found', 'There is no document of this did:web where it should be.', {
      kind: 'DID document',
    });
  }
  if (response.status !== 200) throw new Error(`status ${response.status}`);
  const [type = '', ...parameters] = (response.headers.get('content-type') ?? '').toLowerCase().split(';');
  const isUtf8 = parameters.every((each) => !/^\s*charset\s*=/.test(each) || /=\s*"?utf-8"?\s*$/.test(each));
  if (!mediaTypes.includes(type.trim()) || !isUtf8) throw refused('it is not served as JSON');
}

async function readBounded(response: Response, signal: AbortSignal): Promise<Uint8Array> {
  const reader = response.body?.getReader();
  const parts: Uint8Array[] = [];
  let length = 0;
  try {
    while (reader) {
      const { done, value } = await inTime(reader.read(), signal);
      if (done) break;
      length += value.length;
      if (length > didDocumentLimits.bytes) {
        throw new HanaperError(
          'too_large',
          `The document of this did:web has more than ${didDocumentLimits.bytes} bytes.`,
          { most: didDocumentLimits.bytes },
        );
      }
      parts.push(value);
    }
  } catch (error) {
    reader?.cancel().catch(() => undefined);
    throw error;
  }
  return concatBytes(...parts);
}

// The fetch is told to stop as well; but it is another's, and may not.
async function inTime<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  let stop = () => {};
  const late = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason);
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([late, promise]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

async function unlessUnreachable<T>(did: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (error instanceof HanaperError) throw error;
    throw new HanaperError('unavailable', 'The document of this did:web cannot be fetched now.', { did }, error);
  }
}

function readText(bytes: Uint8Array): unknown {
  const value = parseJson(bytes);
  if (value === undefined) throw refused('it is no JSON');
  return value;
}

function parseUrl(did: string): string | undefined {
  if (!did.startsWith(scheme) || did.length > didWebLimits.didCharacters) return undefined;
  const [authority = '', ...path] = did.slice(scheme.length).split(':');
  const [host = '', port, ...more] = authority.split('%3A');
  if (more.length > 0 || !isHost(host) || (port !== undefined && !isPort(port))) return undefined;
  if (!path.every((each) => segment.test(each) && each !== '.' && each !== '..')) return undefined;
  const place = path.length > 0 ? path.join('/') : '.well-known';
  return `https://${host}${port === undefined || port === '443' ? '' : `:${port}`}/${place}/did.json`;
}

// A name, never an address: the last label of a name is not a number.
function isHost(host: string): boolean {
  const labels = host.split('.');
  return (
    host.length <= didWebLimits.hostCharacters &&
    labels.every((each) => label.test(each)) &&
    !/^(?:\d+|0x[0-9a-f]*)$/.test(labels.at(-1) ?? '')
  );
}

function isPort(port: string): boolean {
  return /^[1-9]\d{0,4}$/.test(port) && Number(port) <= 65_535;
}

function refused(why: string): HanaperError {
  return new HanaperError('bad_input', `The document of this did:web cannot be used: ${why}.`, { reason: why });
}
