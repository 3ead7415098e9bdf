import { encodeHex } from '../bytes.ts';
import { formatCid } from '../ucan/encoding/cid.ts';
import { toJsonValue } from '../ucan/encoding/dag-json.ts';
import type { Delegation } from '../ucan/token/delegation.ts';
import { type Invocation, taskCidOf } from '../ucan/token/invocation.ts';

/** A token as a document: UCAN's own field names, CIDs in base58btc, bytes in hex, times in seconds. */
export type TokenDocument = Readonly<Record<string, unknown>> & {
  readonly cid: string;
  readonly kind: Delegation['kind'] | Invocation['kind'];
};

/** Every field of a token. */
export function describeToken(token: Delegation | Invocation): TokenDocument {
  const { cid, kind, version, envelope } = token;
  const common = { cid: formatCid(cid), kind, version, key_type: envelope.keyType };
  return { ...common, ...(token.kind === 'delegation' ? delegationFields(token) : invocationFields(token)) };
}

/** A time in seconds as people read it, too. */
export function formatSeconds(seconds: number): string {
  const milliseconds = seconds * 1000;
  return milliseconds <= 8.64e15 ? new Date(milliseconds).toISOString() : `${seconds} s after 1970`;
}

function delegationFields(delegation: Delegation): object {
  const { issuer, audience, subject, command, policy, nonce, meta, notBefore, expiration } = delegation;
  return {
    iss: issuer,
    aud: audience,
    sub: subject,
    cmd: command,
    pol: toJsonValue(policy.source),
    nonce: encodeHex(nonce),
    ...(meta && { meta: toJsonValue(meta) }),
    ...(notBefore !== undefined && { nbf: notBefore }),
    exp: expiration,
    is_root: issuer === subject,
    is_powerline: subject === null,
  };
}

function invocationFields(invocation: Invocation): object {
  const { issuer, audience, subject, command, args, proofs, nonce, meta, issuedAt, expiration, cause } = invocation;
  return {
    iss: issuer,
    ...(audience !== undefined && { aud: audience }),
    sub: subject,
    cmd: command,
    args: toJsonValue(args),
    prf: proofs.map(formatCid),
    nonce: encodeHex(nonce),
    ...(meta && { meta: toJsonValue(meta) }),
    ...(issuedAt !== undefined && { iat: issuedAt }),
    exp: expiration,
    ...(cause && { cause: formatCid(cause) }),
    task: formatCid(taskCidOf(invocation)),
  };
}
