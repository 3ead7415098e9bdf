import { encodeBase64Url, encodeUtf8 } from '../bytes.ts';
import type { Receipt } from '../ucan/token/receipt.ts';
import { checkLog, proofHeader, seenHeader } from './check-log.ts';
import { findLongest, type LogMemory } from './log-memory.ts';

/** A log, and what is remembered of it. */
export interface Remembered {
  readonly server: string;
  /** DID of the authority. */
  readonly authority: string;
  readonly logs: LogMemory | undefined;
}

/** What goes with one request, and checks what comes back. */
export interface LogQuestion {
  readonly headers: Readonly<Record<string, string>>;
  /** @throws HanaperError `log_rolled_back`, `log_tampered`, `unavailable` */
  check(receipt: Receipt, headers: Headers): Promise<void>;
}

/** The log of a server, checked against what was seen of it: a server is told before it acts, and proves it after. */
export class WatchedLog {
  readonly #log: Remembered;

  constructor(log: Remembered) {
    this.#log = log;
  }

  /**
   * What a request says of the log. Who only reads may look at a copy in another place, which may be older; a write must
   * continue all that was seen.
   */
  ask(access: 'read' | 'write'): LogQuestion {
    const { server, authority, logs } = this.#log;
    const seen = logs && findLongest(logs.list(authority), access === 'read' ? server : undefined);
    return {
      headers: {
        ...(seen && { [seenHeader]: encodeBase64Url(encodeUtf8(seen.checkpoint)) }),
        ...(logs && access === 'write' && { [proofHeader]: '1' }),
      },
      check: async (receipt, headers) => {
        if (logs === undefined) return;
        const latest = await checkLog({ server, authority, receipt, proof: headers.get(proofHeader), seen });
        if (latest) logs.remember({ authority, source: server, ...latest });
      },
    };
  }
}
