import { decodeUtf8, encodeUtf8 } from '../bytes.ts';
import { Secret } from '../crypto/secret.ts';
import { HanaperError, type Remedy } from '../errors.ts';
import { type OptionNames, requireKnownOptions } from '../options.ts';
import { allocateSecret, joinSecret } from '../secret-bytes.ts';
import { encodeContainer } from '../ucan/encoding/container.ts';
import type { Delegation } from '../ucan/token/delegation.ts';
import { valueOfReceipt } from '../ucan/token/receipt.ts';
import type { Signer } from '../ucan/token/signer.ts';
import { containerType, readReceiptOf } from './answer.ts';
import { Client, type SignedRequest } from './client.ts';
import { connectOptionNames, openTransport, type ServerOptions } from './connect.ts';
import { learnAuthority } from './learn-authority.ts';
import { clientLimits } from './limits.ts';
import { foreignAnswer, refusalOf } from './problem.ts';
import { isRecord, readJson } from './read-json.ts';
import { parseServerAddress } from './server-address.ts';
import type { RawAnswer } from './transport.ts';
import { WatchedLog } from './watched-log.ts';

/** Whom to unlock, and who asks. */
export interface UnlockOptions extends ServerOptions {
  readonly passphrase: Secret;
  /** Who asks; a server on this machine takes the passphrase alone. */
  readonly signer?: Signer | undefined;
  /** Delegations that lead to the signer. */
  readonly proofs?: readonly Delegation[];
}

/** That a server is unlocked. */
export interface UnlockedDocument {
  /** DID of the authority. */
  readonly did: string;
  readonly locked: false;
}

const command = '/database/unlock';

const optionNames: OptionNames<UnlockOptions> = { ...connectOptionNames, passphrase: true };

/**
 * Opens the vault of a server. The passphrase goes beside the invocation, and to nobody but the authority that is known.
 *
 * @throws HanaperError `usage`, `authority_changed`, `wrong_passphrase`, `not_authorized`, `unavailable`
 */
export async function unlockServer(options: UnlockOptions): Promise<UnlockedDocument> {
  requireKnownOptions('unlockServer', options, optionNames);
  requireSafeToUnlock(options, options.signer !== undefined);
  const transport = openTransport(options);
  const authority = await learnAuthority(transport, options);
  const { signer, proofs = [], passphrase, logs } = options;
  const client = signer && new Client({ transport, authority, signer, proofs });
  const log = new WatchedLog({ server: transport.origin, authority, logs }).ask('write');
  const request = await client?.sign({ command, subject: authority, args: {} });
  using body = encodeBody(passphrase);
  const answer = await transport.send({
    method: 'POST',
    path: '/api/crypto/unlock',
    headers: {
      'content-type': 'application/json',
      ...(request
        ? { ...log.headers, accept: containerType, authorization: `Bearer ${await encodeRequest(request)}` }
        : { accept: 'application/json' }),
    },
    body: body.bytes,
    most: clientLimits.didDocumentBytes,
    changes: true,
  });
  const server = transport.origin;
  const receipt = request && (await readReceiptOf(answer, { server, authority, invocation: request.invocation }));
  if (receipt) await log.check(receipt, answer.headers);
  const result = receipt ? valueOfReceipt(receipt) : readPlainly(answer, server);
  if (isRecord(result) && result['locked'] === false) return { did: authority, locked: false };
  throw foreignAnswer(answer, server);
}

// Who gives the passphrase alone has signed nothing that a receipt could be about.
function readPlainly(answer: RawAnswer, server: string): unknown {
  if (answer.status !== 200) throw refusalOf(answer, server);
  return readJson(answer);
}

async function encodeRequest({ invocation, path }: SignedRequest): Promise<string> {
  const tokens = [invocation, ...path].map(({ bytes }) => bytes);
  return decodeUtf8(await encodeContainer(tokens, 'base64url-gzip')) ?? '';
}

/**
 * Requires that a passphrase may go to a server; `isSigned` where a key says who sends it.
 *
 * @throws HanaperError `usage`
 */
export function requireSafeToUnlock({ server, insecure }: ServerOptions, isSigned: boolean): void {
  const { isLoopback, isClear } = parseServerAddress(server, insecure);
  if (isClear && !isLoopback) throw unsafe('A passphrase is sent to another machine over https only.', '--server');
  if (!isLoopback && !isSigned) {
    throw unsafe('To unlock the server of another machine, say who asks.', '--as', 'sign_request');
  }
}

function unsafe(message: string, option: string, remedy?: Remedy): HanaperError {
  return new HanaperError('usage', message, { option, ...(remedy && { remedy }) });
}

// Byte by byte, so that the passphrase never becomes a string.
function encodeBody({ bytes }: Secret): Secret {
  using escaped = Secret.hold(allocateSecret(bytes.length * 6));
  let length = 0;
  for (const byte of bytes) {
    const written = escapeByte(byte);
    escaped.bytes.set(written, length);
    length += written.length;
  }
  const head = encodeUtf8('{"method":"passphrase","passphrase":"');
  return Secret.hold(joinSecret(head, escaped.bytes.subarray(0, length), encodeUtf8('"}')));
}

// JSON (RFC 8259, section 7).
function escapeByte(byte: number): Uint8Array {
  if (byte < 0x20) return encodeUtf8(`\\u${byte.toString(16).padStart(4, '0')}`);
  return byte === 0x22 || byte === 0x5c ? Uint8Array.of(0x5c, byte) : Uint8Array.of(byte);
}
