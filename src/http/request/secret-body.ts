import type { Context } from 'hono';
import { Secret } from '../../crypto/secret.ts';
import { HanaperError } from '../../errors.ts';
import { parseJson } from '../../parse-json.ts';
import { allocateSecret } from '../../secret-bytes.ts';
import { preparePassphrase } from '../../vault/passphrase.ts';
import { secretBodyBytes } from '../limits.ts';
import { receiveBody, requireType } from './body.ts';

/** A JSON body, with its passphrase taken out. */
export interface SecretBody {
  /** Absent if not given. */
  readonly passphrase?: string;
  /** All but the passphrase. */
  readonly rest: Readonly<Record<string, unknown>>;
}

/**
 * Reads a JSON body that may hold a passphrase, and wipes the bytes that it came in. The passphrase is a string for as
 * long as it takes to be made a secret; JSON knows no other form.
 *
 * @throws HanaperError `bad_input`, `too_large`
 */
export async function readSecretBody(context: Context): Promise<SecretBody> {
  requireType(context, ['application/json']);
  using body = await receiveWiped(context);
  const { passphrase, ...rest } = parseObject(body.bytes);
  if (passphrase === undefined) return { rest };
  if (typeof passphrase !== 'string') throw notValid('passphrase must be a string');
  return { passphrase, rest };
}

// The parts are wiped as they are copied.
async function receiveWiped(context: Context): Promise<Secret> {
  const buffer = allocateSecret(secretBodyBytes);
  let length = 0;
  try {
    await receiveBody(context, secretBodyBytes, (part) => {
      buffer.set(part, length);
      part.fill(0);
      length += part.length;
    });
    return Secret.copyOf(buffer.subarray(0, length));
  } finally {
    buffer.fill(0);
  }
}

/**
 * The passphrase of a body that must have one.
 *
 * @throws HanaperError `bad_input`
 */
export function requirePassphrase({ passphrase }: SecretBody): Secret {
  if (passphrase === undefined) throw notValid('passphrase is missing');
  return preparePassphrase(passphrase);
}

function parseObject(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  const value = parseJson(bytes);
  if (value === undefined) throw notValid('it is not JSON');
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw notValid('it is no object');
  return value as Readonly<Record<string, unknown>>;
}

function notValid(reason: string): HanaperError {
  return new HanaperError('bad_input', `The body is not valid: ${reason}.`, { reason });
}
