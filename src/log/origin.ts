import { decodeEd25519DidKey } from '../did/did-key.ts';
import { HanaperError } from '../errors.ts';

/** Which log of which authority. */
export interface LogName {
  /** The did:key of the authority. */
  readonly did: string;
  /** From 1; it counts up where a log has to begin anew. */
  readonly epoch: number;
}

const prefix = 'hanaper/';

/** The origin of a log, which is the name of its key too: `hanaper/did:key:z6Mk…/1`. An invalid epoch is a `TypeError`. */
export function formatOrigin({ did, epoch }: LogName): string {
  if (!isEpoch(epoch)) throw new TypeError(`the epoch of a log counts from 1: ${epoch} is not valid`);
  return `${prefix}${did}/${epoch}`;
}

/**
 * Reads what {@link formatOrigin} writes, and no other spelling of it.
 *
 * @throws HanaperError `bad_input`, `malformed_key`, `weak_key`
 */
export function parseOrigin(origin: string): LogName {
  const [, did = '', epoch = ''] = /^hanaper\/(did:key:[^/]{1,64})\/([1-9]\d{0,15})$/.exec(origin) ?? [];
  const name = { did, epoch: Number(epoch) };
  if (!isEpoch(name.epoch)) throw notOrigin();
  decodeEd25519DidKey(did);
  return name;
}

/** Whether a number can be an epoch. */
export function isEpoch(epoch: unknown): epoch is number {
  return Number.isSafeInteger(epoch) && Number(epoch) >= 1;
}

function notOrigin(): HanaperError {
  return new HanaperError('bad_input', `This is no origin of a log; one looks like ${prefix}did:key:z6Mk…/1.`, {
    expected: `${prefix}<did:key>/<epoch>`,
  });
}
