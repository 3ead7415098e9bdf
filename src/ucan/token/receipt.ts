import type { CID } from 'multiformats/cid';
import { HanaperError, isErrorCode } from '../../errors.ts';
import { toJsonValue } from '../encoding/dag-json.ts';
import { type IpldMap, type IpldValue, isIpldMap } from '../encoding/ipld.ts';
import { malformedToken } from '../malformed.ts';
import type { UcanVersion } from './envelope.ts';
import { requireTokenCid } from './fields.ts';
import { type Invocation, signInvocation } from './invocation.ts';
import type { Signer } from './signer.ts';

/** The command of a receipt. */
export const receiptCommand = '/ucan/assert/receipt';

/** What came of an invocation: a value, or an error with its stable code. */
export type ReceiptOutcome =
  | { readonly ok: IpldValue }
  | { readonly error: { readonly code: string; readonly message: string } };

/** What an executor asserts of an invocation that it executed. */
export interface Receipt {
  readonly invocation: Invocation;
  /** The invocation that was executed. */
  readonly ran: CID;
  readonly out: ReceiptOutcome;
  /** The executor. */
  readonly executor: string;
}

/** What goes into a receipt, beside its issuer. */
export interface ReceiptClaims {
  readonly ran: CID;
  readonly out: { readonly ok: unknown } | { readonly error: { readonly code: string; readonly message: string } };
  /** Seconds since 1970. */
  readonly issuedAt?: number | undefined;
  /** What is asserted beside it; no rule of UCAN looks at it. */
  readonly meta?: IpldMap | undefined;
  /** Default: `1.0.0-rc.1`. */
  readonly version?: UcanVersion | undefined;
}

/**
 * Makes and signs a receipt: an invocation of `/ucan/assert/receipt` by the executor, about itself, without an audience.
 *
 * @throws HanaperError `bad_input`
 */
export async function signReceipt(
  signer: Signer,
  { ran, out, issuedAt, meta, version }: ReceiptClaims,
): Promise<Invocation> {
  return signInvocation(signer, {
    subject: signer.did,
    command: receiptCommand,
    args: { ran, out },
    nonce: new Uint8Array(0),
    expiration: null,
    issuedAt,
    meta,
    version,
  });
}

/**
 * What an invocation of `/ucan/assert/receipt` says; whether it is the executor's word, its signature tells.
 *
 * @throws HanaperError `malformed_token` where it is another invocation, or not the executor's own
 */
export function readReceipt(invocation: Invocation): Receipt {
  const { command, args, issuer, subject, audience } = invocation;
  if (command !== receiptCommand) throw malformedToken('is no receipt', { field: 'cmd' });
  if (issuer !== subject) throw malformedToken('is a receipt about another executor than its issuer', { field: 'sub' });
  if (audience !== undefined) throw malformedToken('is a receipt with an audience', { field: 'aud' });
  if (Object.keys(args).length !== 2) throw malformedToken('is a receipt with other arguments', { field: 'args' });
  return { invocation, ran: requireTokenCid(args['ran'], 'args.ran'), out: readOutcome(args['out']), executor: issuer };
}

/**
 * The value that a receipt reports, as JSON.
 *
 * @throws HanaperError the error that it reports; `internal` where its code is not known here (`server_code`)
 */
export function valueOfReceipt({ out }: Pick<Receipt, 'out'>): unknown {
  if ('ok' in out) return toJsonValue(out.ok);
  const { code, message } = out.error;
  if (isErrorCode(code)) throw new HanaperError(code, message);
  throw new HanaperError('internal', message, { server_code: code.slice(0, 100) });
}

function readOutcome(out: IpldValue | undefined): ReceiptOutcome {
  const [key, ...others] = isIpldMap(out) ? Object.keys(out) : [];
  const value = isIpldMap(out) && key !== undefined ? out[key] : undefined;
  if (others.length === 0 && key === 'ok' && value !== undefined) return { ok: value };
  if (others.length === 0 && key === 'error' && isIpldMap(value)) return { error: readError(value) };
  throw malformedToken('is a receipt without one outcome', { field: 'args.out' });
}

function readError(error: IpldMap): { code: string; message: string } {
  const { code, message, ...others } = error;
  if (typeof code === 'string' && typeof message === 'string' && Object.keys(others).length === 0) {
    return { code, message };
  }
  throw malformedToken('is a receipt with an error that has no code and message', { field: 'args.out.error' });
}
