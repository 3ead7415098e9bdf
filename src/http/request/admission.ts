import type { Context } from 'hono';
import { HanaperError } from '../../errors.ts';
import { maxCountedAddresses, requestCost, requestRate } from '../limits.ts';
import type { Callers } from './callers.ts';
import { readQuery, requireDistinct } from './query.ts';
import { RateLimit } from './rate-limit.ts';
import { setMeter } from './request-budget.ts';

const safeMethods = ['GET', 'HEAD'];

/** SerialQueue away what must not come as far as a route. */
export class Admission {
  readonly #hosts: ReadonlySet<string>;
  readonly #rate: RateLimit = new RateLimit(requestRate, maxCountedAddresses);

  readonly #callers: Callers;

  /** Accepts requests to these hosts: in lower case, with the port. */
  constructor(hosts: ReadonlySet<string>, callers: Callers) {
    this.#hosts = hosts;
    this.#callers = callers;
  }

  /**
   * @throws HanaperError `bad_input` for another host and for a parameter that stands twice, `not_authorized` for another
   * site, `rate_limited`
   */
  admit(context: Context): void {
    this.#requireHost(context);
    this.#requireSameSite(context);
    if (!this.#callers.isLocal(context)) {
      this.#count(context);
      this.#meter(context);
    }
    requireDistinct(readQuery(context));
  }

  // A page of another site can have its own name point here, and would be taken for ours by the browser.
  #requireHost(context: Context): void {
    const hosts = [context.req.header('Host') ?? '', ...targetHostsOf(context)];
    if (hosts.every((host) => this.#hosts.has(host.toLowerCase()))) return;
    throw new HanaperError(
      'bad_input',
      'This server is not known by the host that the request names. Its operator can add one: --host NAME.',
      { reason: 'host' },
    );
  }

  #requireSameSite(context: Context): void {
    if (safeMethods.includes(context.req.method)) return;
    const origin = context.req.header('Origin');
    const site = context.req.header('Sec-Fetch-Site');
    const isForeign = site !== undefined && site !== 'same-origin' && site !== 'none';
    if (!isForeign && (origin === undefined || this.#isOwn(origin))) return;
    throw new HanaperError('not_authorized', 'A page of another site asks for this. Only our own pages may.', {
      reason: 'another site',
    });
  }

  #isOwn(origin: string): boolean {
    return /^https?:/i.test(origin) && URL.canParse(origin) && this.#hosts.has(new URL(origin).host);
  }

  #count(context: Context): void {
    const seconds = this.#rate.count(this.#callers.addressOf(context), performance.now());
    if (seconds > 0) throw tooMany(seconds);
  }

  // Many can be admitted before the first of them has cost anything: each is paid for as it goes on, and before a signature
  // is checked nothing may be owed for the others.
  #meter(context: Context): void {
    const address = this.#callers.addressOf(context);
    let free = requestCost;
    let own = 0;
    setMeter(context, (work, cost) => {
      const now = performance.now();
      const seconds = work === 'signatures' ? this.#rate.owes(address, own, now) : 0;
      if (seconds > 0) throw tooMany(seconds);
      const paid = Math.max(0, cost - free) / requestCost;
      free = Math.max(0, free - cost);
      if (paid === 0) return;
      own += paid;
      this.#rate.charge(address, paid, now);
    });
  }
}

function tooMany(seconds: number): HanaperError {
  return new HanaperError('rate_limited', `There were too many requests from here. Try again in ${seconds} s.`, {
    retry_after: seconds,
  });
}

// A target in absolute form names a host, which counts instead of the header's (RFC 9112, section 3.2.2).
function targetHostsOf({ env }: Context): readonly string[] {
  const { incoming } = (env ?? {}) as { readonly incoming?: { readonly url?: string } };
  const [, host] = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i.exec(incoming?.url ?? '') ?? [];
  return host === undefined ? [] : [host];
}
