/** Somebody without a database, who asks by tokens alone. Nothing here needs Vitest. */
import { type Answer, type Authority, openSigner } from '../../src/authority/index.ts';
import type { Delegation, Invocation, InvocationClaims, Signer } from '../../src/ucan/index.ts';
import { containerOf } from './tokens.ts';
import { delegate, invoke, principal } from './ucan.ts';

/** What somebody asks for, on whose power. */
export interface Wish extends Partial<InvocationClaims> {
  readonly command: string;
  readonly args: object;
}

/** A request that is signed, and as it is sent. */
export interface Signed {
  readonly invocation: Invocation;
  readonly container: string;
}

/** A person with a chain of delegations of everything, from an organisation and from the authority. */
export class Outsider {
  readonly signer: Signer;
  /** From the root on. */
  readonly ofOrganisation: readonly Delegation[];
  /** From the root on. */
  readonly ofAuthority: readonly Delegation[];

  constructor(signer: Signer, ofOrganisation: readonly Delegation[], ofAuthority: readonly Delegation[]) {
    this.signer = signer;
    this.ofOrganisation = ofOrganisation;
    this.ofAuthority = ofAuthority;
  }

  /** Asks the organisation for something, in a container. */
  signFor(wish: Wish): Promise<Signed> {
    return signWish(this.signer, this.ofOrganisation, wish);
  }

  /** Asks the authority for something; `given` lie beside it. */
  sign(wish: Wish, given: readonly Delegation[] = []): Promise<Signed> {
    return signWish(this.signer, this.ofAuthority, wish, given);
  }

  /** Delegates everything to somebody else, by name. */
  async passOn(name: string): Promise<Outsider> {
    const signer = await principal(name);
    const extend = async (chain: readonly Delegation[]) => [
      ...chain,
      await delegate(this.signer, signer, { subject: rootOf(chain) }),
    ];
    return new Outsider(signer, await extend(this.ofOrganisation), await extend(this.ofAuthority));
  }
}

/** Delegates everything of an organisation and of the authority to somebody, by name. */
export async function createOutsider(authority: Authority, name: string, organisation = 'acme'): Promise<Outsider> {
  return empower(authority, await principal(name), organisation);
}

/** The same for somebody with a key of their own. */
export async function empower(authority: Authority, signer: Signer, organisation = 'acme'): Promise<Outsider> {
  const host = await openSigner(authority, { organisation });
  const root = await openSigner(authority, 'authority');
  return new Outsider(signer, [await delegate(host, signer)], [await delegate(root, signer)]);
}

/** Has an authority execute what was signed. */
export function send(authority: Authority, { container }: Pick<Signed, 'container'>): Promise<Answer> {
  return authority.executeContainer(new TextEncoder().encode(container));
}

// A date as seconds since 1970, some of them later.
function secondsFrom(date: Date, seconds: number): number {
  return Math.floor(date.getTime() / 1000) + seconds;
}

function rootOf([root]: readonly Delegation[]): string {
  if (root) return root.issuer;
  throw new TypeError('a chain has a root');
}

async function signWish(
  signer: Signer,
  proofs: readonly Delegation[],
  { expiration = secondsFrom(new Date(), 600), ...wish }: Wish,
  given: readonly Delegation[] = [],
): Promise<Signed> {
  const invocation = await invoke(signer, { did: rootOf(proofs) }, proofs, { ...wish, expiration });
  return { invocation, container: await containerOf([invocation, ...proofs, ...given]) };
}
