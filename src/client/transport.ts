import { concatBytes } from '../bytes.ts';
import { HanaperError, systemCodeOf } from '../errors.ts';
import { clientLimits } from './limits.ts';
import { isRecord, readJson } from './read-json.ts';

/** One request. */
export interface Exchange {
  readonly method: 'GET' | 'POST';
  /** With its query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array<ArrayBuffer>;
  /** Bytes that its answer may have. */
  readonly most: number;
  /** Whether it changes something. */
  readonly changes: boolean;
}

/** What came back, whole. */
export interface RawAnswer {
  readonly status: number;
  /** Media type, lower case, without parameters. */
  readonly type: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly headers: Headers;
  /** Seconds by which the server's clock is ahead of ours; absent where it does not tell. */
  readonly skew?: number;
  /** Whether an earlier attempt, whose answer was lost, may have done what was asked. */
  readonly mayBeDone?: boolean;
}

/** How a transport is made. */
export interface TransportOptions {
  readonly origin: string;
  /** Milliseconds that one attempt may take. */
  readonly timeout?: number | undefined;
}

// What a proxy says of a server that does not answer. A server says 503 of what it could not do, or cannot tell.
const lostStatuses = [502, 503, 504];
const proxyStatuses = [502, 504];
// Of these nothing was ever sent.
const unsent = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'UND_ERR_CONNECT_TIMEOUT'];
// What is no TLS is answered to a greeting in it.
const noTls = ['ERR_SSL_WRONG_VERSION_NUMBER', 'ERR_SSL_PACKET_LENGTH_TOO_LONG'];
const certificate = /^(?:CERT_|ERR_TLS_|ERR_SSL_|SELF_SIGNED_|DEPTH_ZERO_|UNABLE_TO_|HOSTNAME_MISMATCH)/;

/** Speaks to one server, within bounds. A request whose answer is lost is sent again, byte by byte the same. */
export class Transport {
  readonly origin: string;
  readonly #timeout: number;

  constructor({ origin, timeout = clientLimits.attempt }: TransportOptions) {
    this.origin = origin;
    this.#timeout = timeout;
  }

  /**
   * Sends a request, and again where its answer is lost or the server asks for a little patience, at most three times.
   *
   * @throws HanaperError `unavailable`
   */
  async send(exchange: Exchange): Promise<RawAnswer> {
    let mayBeDone = false;
    for (const pause of [...clientLimits.pauses, undefined]) {
      const outcome = await this.#attempt(exchange);
      if (outcome instanceof HanaperError) throw outcome;
      if (!(outcome instanceof Error)) {
        const wait = waitAfter(outcome);
        mayBeDone ||= exchange.changes && isInDoubt(outcome);
        if (wait === undefined || pause === undefined) return { ...outcome, mayBeDone };
        await sleep(Math.max(pause, wait));
        continue;
      }
      const reason = reasonOf(outcome);
      const isFinal = certificate.test(reason) || reason === 'ENOTFOUND';
      mayBeDone ||= exchange.changes && !isFinal && !unsent.includes(reason);
      if (pause === undefined || isFinal) throw this.#unreachable(reason, mayBeDone, outcome);
      await sleep(pause);
    }
    throw new TypeError('the last attempt has no pause behind it');
  }

  async #attempt(exchange: Exchange): Promise<RawAnswer | Error> {
    try {
      return await this.#exchange(exchange);
    } catch (error) {
      if (error instanceof Error) return error;
      throw error;
    }
  }

  async #exchange({ method, path, headers, body, most, changes }: Exchange): Promise<RawAnswer> {
    const response = await fetch(`${this.origin}${path}`, {
      method,
      headers,
      ...(body && { body }),
      redirect: 'manual',
      credentials: 'omit',
      cache: 'no-store',
      referrerPolicy: 'no-referrer',
      signal: AbortSignal.timeout(this.#timeout),
    });
    if (response.type === 'opaqueredirect' || (response.status >= 300 && response.status < 400)) {
      await response.body?.cancel();
      throw this.#redirected(response, changes);
    }
    const skew = skewOf(response);
    return {
      status: response.status,
      type: (response.headers.get('content-type') ?? '').replace(/;.*/s, '').trim().toLowerCase(),
      bytes: await this.#readBounded(response, most, changes),
      headers: response.headers,
      ...(skew !== undefined && { skew }),
    };
  }

  async #readBounded({ body, headers }: Response, most: number, changes: boolean): Promise<Uint8Array<ArrayBuffer>> {
    const chunks: Uint8Array[] = [];
    let length = 0;
    if (Number(headers.get('content-length')) > most) {
      await body?.cancel();
      throw this.#tooLarge(most, changes);
    }
    const reader = body?.getReader();
    for (let next = await reader?.read(); next && !next.done; next = await reader?.read()) {
      length += next.value.length;
      if (length > most) {
        await reader?.cancel();
        throw this.#tooLarge(most, changes);
      }
      chunks.push(next.value);
    }
    return concatBytes(...chunks);
  }

  #redirected({ status, headers }: Response, changes: boolean): HanaperError {
    const location = (headers.get('location') ?? '').slice(0, 200);
    const where = location === '' ? '' : `, to ${location}`;
    return new HanaperError(
      'unavailable',
      `${this.origin} answers with a redirect${where}. None is followed: give the address of the server itself.`,
      { server: this.origin, status, ...(changes && { may_be_done: true }) },
    );
  }

  #tooLarge(most: number, changes: boolean): HanaperError {
    return new HanaperError('unavailable', `${this.origin} answers with more than ${most} bytes, which are not read.`, {
      server: this.origin,
      reason: 'too large',
      ...(changes && { may_be_done: true }),
    });
  }

  #unreachable(reason: string, mayBeDone: boolean, cause: unknown): HanaperError {
    const how = noTls.includes(reason)
      ? `${this.origin} does not speak TLS (${reason}): it listens for plain http, or is another program. Check the address, and its port.`
      : certificate.test(reason)
        ? `${this.origin} shows a certificate that is not accepted (${reason}). For an authority of your own give its certificate in NODE_EXTRA_CA_CERTS.`
        : reason === 'timeout'
          ? `${this.origin} did not answer within ${this.#timeout / 1000} seconds.`
          : `${this.origin} cannot be reached (${reason}).`;
    const doubt = mayBeDone ? ' Whether it was done is not known: look before you ask again.' : '';
    const details = { server: this.origin, reason, ...(mayBeDone && { may_be_done: true }) };
    return new HanaperError('unavailable', how + doubt, details, cause);
  }
}

/** Whether an answer leaves it open that something was done. */
function isInDoubt(answer: RawAnswer): boolean {
  if (proxyStatuses.includes(answer.status)) return true;
  const problem = answer.status === 503 ? readJson(answer) : undefined;
  return isRecord(problem) && isRecord(problem['details']) && problem['details']['may_be_done'] === true;
}

/** Milliseconds after which it makes sense to ask again; `undefined` for an answer that is one. */
function waitAfter({ status, headers }: RawAnswer): number | undefined {
  if (lostStatuses.includes(status)) return 0;
  const seconds = status === 429 ? Number(headers.get('retry-after') ?? Number.NaN) : Number.NaN;
  return seconds >= 0 && seconds <= clientLimits.longestWait ? seconds * 1000 : undefined;
}

/** Why no answer came, in a word. */
function reasonOf(error: Error): string {
  if (error.name === 'TimeoutError' || error.name === 'AbortError') return 'timeout';
  return systemCodeOf(error.cause) ?? systemCodeOf(error) ?? 'connection lost';
}

function skewOf({ headers }: Response): number | undefined {
  const date = Date.parse(headers.get('date') ?? '');
  return Number.isNaN(date) ? undefined : Math.round((date - Date.now()) / 1000);
}

function sleep(milliseconds: number): Promise<void> {
  // Not all at the same moment, where many lost the same server.
  return new Promise((resolve) => setTimeout(resolve, milliseconds * (0.75 + Math.random() / 2)));
}
