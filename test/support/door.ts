/** Requests at the door of an authority, by somebody who was delegated to. Nothing here needs Vitest. */

import type { Answer } from '../../src/authority/execution/execute.ts';
import type { Host } from '../../src/authority/execution/host.ts';
import type { Request } from '../../src/authority/execution/request.ts';
import type { Act } from '../../src/authority/execution/write-queue.ts';
import { type Authority, createKey, openAuthority, openSigner } from '../../src/authority/index.ts';
import type { HanaperEvent } from '../../src/events.ts';
import {
  type ContainerEncoding,
  type Delegation,
  type DelegationClaims,
  encodeContainer,
  type InvocationClaims,
  type Signer,
} from '../../src/ucan/index.ts';
import { byRawKey, createAuthority } from './authority.ts';
import { delegate, invoke, now, type Principal, principal } from './ucan.ts';

/** The hash of some package. */
export const packageHash = 'ab'.repeat(32);

/** An authority with an organisation `acme` and its key `release`, of which the principal `ci` may sign packages. */
export interface Door {
  readonly url: string;
  readonly authority: Authority;
  /** What it told, but for what every command tells alike. */
  readonly events: HanaperEvent[];
  readonly acme: Signer;
  readonly ci: Principal;
  /** From `acme` to `ci`, without an end. */
  readonly root: Delegation;
  /** The present, in seconds: the authority's clock. */
  time: number;
}

/** Opens one over a new database. */
export async function openDoor(url: string): Promise<Door> {
  const door = { time: now };
  const { authority, events } = await createAuthority(url, { clock: () => new Date(door.time * 1000) });
  await authority.executeFor('acme', createKey, { name: 'release' });
  events.length = 0;
  const open = () => openSigner(authority, { organisation: 'acme' });
  const { did, keyType } = await open();
  // Of whichever vault is open.
  const acme: Signer = { did, keyType, sign: async (message) => (await open()).sign(message) };
  const ci = await principal('ci');
  const root = await delegate(acme, ci, { command: '/package/sign' });
  return Object.assign(door, { url, authority, events, acme, ci, root });
}

/** A second authority over the same database, as another process would have it; locked. */
function openBeside(door: Door): Promise<Authority> {
  return openAuthority({ database: door.url, clock: () => new Date(door.time * 1000) });
}

/** The same, unlocked. */
export async function openUnlockedBeside(door: Door): Promise<Authority> {
  const authority = await openBeside(door);
  await authority.unlock(byRawKey(1));
  return authority;
}

/** What may differ from a request of `ci` to sign a package as `acme`, five minutes long, with its proof. */
export interface Ask extends Partial<InvocationClaims> {
  readonly by?: Signer;
  readonly on?: Pick<Signer, 'did'>;
  /** The chain; it lies beside the invocation. */
  readonly with?: readonly Delegation[];
}

/** A request that is authorised, unless told otherwise. */
export async function ask(door: Door, { by, on, with: chain, ...claims }: Ask = {}): Promise<Request> {
  const given = chain ?? [door.root];
  const args = { hash: packageHash, name: 'plugin.wasm', key: 'release' };
  const invocation = await invoke(by ?? door.ci, on ?? door.acme, given, {
    args,
    expiration: door.time + 300,
    ...claims,
  });
  return { invocation, given };
}

/** A request of `ci` whose only delegation is of this kind. */
export async function askBy(door: Door, delegation: Partial<DelegationClaims>, claims: Ask = {}): Promise<Request> {
  return ask(door, { with: [await delegate(door.acme, door.ci, { command: '/package', ...delegation })], ...claims });
}

/** A request as it goes over a wire. */
export function pack({ invocation, given }: Request, encoding: ContainerEncoding = 'base64url') {
  return encodeContainer(
    [invocation, ...given].map(({ bytes }) => bytes),
    encoding,
  );
}

/** Has a request executed from its container. */
export async function send({ authority }: Pick<Door, 'authority'>, request: Request): Promise<Answer> {
  return authority.executeContainer(await pack(request));
}

/** An authority as the door sees it, in which something happens between the authorisation and the lock. */
export function interrupt(authority: Authority, meanwhile: () => Promise<unknown>): Host {
  const { database, identity, followed, memo, proofs, signatures, readGeneration, writer } = authority;
  const write = async <Result>(act: Act<Result>): Promise<Result> => {
    await meanwhile();
    return writer.write(act);
  };
  return {
    database,
    identity,
    memo,
    proofs,
    signatures,
    followed,
    readGeneration,
    findPlace: (signature) => authority.findPlace(signature),
    writer: { write } as typeof writer,
    get present() {
      return authority.present;
    },
    readNow: (transaction) => authority.readNow(transaction),
    tokensIn: (transaction) => authority.tokensIn(transaction),
    requireVault: () => authority.requireVault(),
    checkpoint: () => authority.checkpoint(),
    lock: () => authority.lock(),
    report: (...event) => authority.report(...event),
  };
}
