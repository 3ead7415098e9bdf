import { Budget } from '../budget.ts';
import { decodeEnvelope, type Envelope } from '../ucan/token/envelope.ts';
import { unpackTokens } from '../ucan/token/tokens.ts';
import { clientLimits } from './limits.ts';

/**
 * Reads the envelopes of the tokens that a server gave, in any encoding.
 *
 * @throws HanaperError `malformed_token`, `too_large` for more values than the tokens of a Hanaper server have
 */
export async function readContainer(container: Uint8Array): Promise<readonly Envelope[]> {
  const budget = new Budget({ values: clientLimits.tokenValues });
  return (await unpackTokens(container, budget)).map((bytes) => decodeEnvelope(bytes, budget));
}
