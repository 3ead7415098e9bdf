import type { Authority } from './authority.ts';
import { type ProveArgs, proveLog } from './commands/log.ts';
import type { LogProofDocument } from './log/proof-document.ts';

/**
 * Proves that an entry stands in the log, by its index or by the receipt that it names. If it is under no checkpoint yet,
 * and the vault is open, one is made at once.
 *
 * @throws HanaperError `not_found`, `locked`, `log_tampered`, `database_corrupt`, `unavailable`
 */
export function proveInclusion(authority: Authority, entry: ProveArgs): Promise<LogProofDocument> {
  return authority.execute(proveLog, entry);
}
