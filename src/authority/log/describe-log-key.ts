import { HanaperError } from '../../errors.ts';
import { verifierKeyOf } from '../../log/log-key.ts';
import { formatVerifierKey } from '../../log/verifier-key.ts';
import type { Transaction } from '../../store/engine/transaction.ts';
import { findStatedLogKey, readLogKey } from './log-key.ts';
import { type LogKeyDocument, toLogKeyDocument } from './proof-document.ts';

/** The key that verifies the checkpoints of the log, and the word of the authority that it does. */
export interface LogVerifierDocument {
  /** Which log it is: the first line of its checkpoints, and the name of the key. */
  readonly origin: string;
  /** The key as tools for signed notes take it: `<name>+<identifier>+<key>`. */
  readonly verifier_key: string;
  /** DID of the authority. */
  readonly authority: string;
  readonly created_at: string;
  /** What the authority has signed. */
  readonly log_key: LogKeyDocument;
}

/**
 * The key of a log as a document.
 *
 * @throws HanaperError `log_tampered`, `not_found` where it was not stated yet
 */
export async function describeLogKey(transaction: Transaction, did: string): Promise<LogVerifierDocument> {
  const key = await readLogKey(transaction, did);
  const stated = await findStatedLogKey(transaction);
  if (key === undefined || stated === undefined) throw noLogKey();
  return {
    origin: key.origin,
    verifier_key: formatVerifierKey(verifierKeyOf(key)),
    authority: did,
    created_at: key.createdAt,
    log_key: toLogKeyDocument(stated),
  };
}

function noLogKey(): HanaperError {
  return new HanaperError('not_found', 'The log has no key yet: it gets one when the database is next unlocked.', {
    kind: 'log key',
  });
}
