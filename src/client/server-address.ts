import { HanaperError, type Remedy } from '../errors.ts';

/** Where a server is. */
export interface ServerAddress {
  /** Scheme, host and port. */
  readonly origin: string;
  /** Whether that is this machine. */
  readonly isLoopback: boolean;
  /** Whether what is said can be read, and changed, on the way. */
  readonly isClear: boolean;
}

/**
 * Reads the address of a server: `https://HOST[:PORT]`, or `http://` on this machine; `insecure` allows that elsewhere too.
 *
 * @throws HanaperError `usage`
 */
export function parseServerAddress(text: string, insecure = false): ServerAddress {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !['http:', 'https:'].includes(url.protocol)) {
    throw badAddress('A server is given by its address, like https://hanaper.example or http://localhost:7373.');
  }
  const rest = [url.username, url.password, url.search, url.hash, url.pathname.slice(1)];
  if (rest.some((part) => part !== '')) {
    throw badAddress('Give scheme, host and port of the server alone, without user, path or query.');
  }
  const isLoopback = isLoopbackHost(url.hostname);
  const isClear = url.protocol === 'http:';
  if (isClear && !isLoopback && !insecure) throw inTheClear();
  return { origin: url.origin, isLoopback, isClear };
}

function isLoopbackHost(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host);
}

function inTheClear(): HanaperError {
  return badAddress(
    'Over plain http an attacker on the network could forge what the server answers (a token that they see is good for nothing but its own request, once): use https.',
    'accept_plain_http',
  );
}

function badAddress(message: string, remedy?: Remedy): HanaperError {
  return new HanaperError('usage', message, { option: '--server', ...(remedy && { remedy }) });
}
