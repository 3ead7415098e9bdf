import { encodeHex } from '../bytes.ts';
import { createSha256 } from '../crypto/digest.ts';
import { HanaperError, systemCodeOf } from '../errors.ts';

/**
 * The SHA-256 of standard input, in constant memory: 64 hex characters.
 *
 * @throws HanaperError `package_empty`, `package_unreadable`
 */
export async function hashStandardInput(): Promise<string> {
  const hash = createSha256();
  let isEmpty = true;
  try {
    for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
      hash.update(chunk);
      isEmpty &&= chunk.length === 0;
    }
  } catch (cause) {
    const reason = systemCodeOf(cause) ?? 'unreadable';
    const message = `Standard input cannot be read (${reason}).`;
    throw new HanaperError('package_unreadable', message, { path: '-', reason }, cause);
  }
  if (isEmpty)
    throw new HanaperError('package_empty', 'Standard input is empty; there is nothing to sign or verify.', {
      path: '-',
    });
  return encodeHex(hash.digest());
}
