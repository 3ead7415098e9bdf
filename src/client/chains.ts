import { encodeUtf8 } from '../bytes.ts';
import { HanaperError } from '../errors.ts';
import { type Delegation, decodeDelegation } from '../ucan/delegation.ts';
import { findChain, sourceOf, unrevoked, type Wish } from '../ucan/find-chain.ts';
import { type IpldMap, ipldMap } from '../ucan/ipld.ts';
import { unpackTokens } from '../ucan/tokens.ts';
import { verifyToken } from '../ucan/verified.ts';
import { isRecord } from './problem.ts';

/** The command that finds a chain among the delegations that a server keeps. */
export const findCommand = '/delegation/find';

/** What is to be invoked. */
export type ChainWish = Pick<Wish, 'subject' | 'command' | 'args' | 'now'>;

/** Where chains are looked for, and for whom. */
export interface ChainsOptions {
  readonly invoker: string;
  /** DID of the authority, on whose power a server is asked for a chain. */
  readonly authority: string;
  readonly proofs: readonly Delegation[];
  /** Invokes {@link findCommand}, and gives its result. */
  ask(args: IpldMap): Promise<unknown>;
}

/** The delegations that one invoker has at hand, and those that a server gave for what these do not allow. */
export class Chains {
  readonly #options: ChainsOptions;
  readonly #known: Delegation[];

  constructor(options: ChainsOptions) {
    this.#options = options;
    this.#known = [...options.proofs];
  }

  /**
   * The shortest chain on which something can be invoked, from the root.
   *
   * @throws HanaperError `not_authorized`, `invalid_token_signature`, `unavailable`
   */
  async find(wish: ChainWish): Promise<readonly Delegation[]> {
    try {
      return await this.#findAmongKnown(wish);
    } catch (failure) {
      if (!isRefusal(failure) || !(await this.#mayAsk(wish))) throw failure;
      for (const delegation of await this.#askFor(wish, failure)) this.#known.push(delegation);
      return this.#findAmongKnown(wish);
    }
  }

  /** The principals, but for the authority, whose power leads to the invoker, whatever it allows there. */
  listSubjects(): readonly string[] {
    const { proofs, invoker, authority } = this.#options;
    const subjects = new Set(proofs.map(({ subject }) => subject).filter((subject) => subject !== null));
    subjects.delete(authority);
    return [...subjects].filter((subject) => leadsTo(proofs, subject, invoker));
  }

  async #findAmongKnown(wish: ChainWish): Promise<readonly Delegation[]> {
    const path = await findChain({ ...wish, invoker: this.#options.invoker }, sourceOf(unrevoked(this.#known)));
    for (const delegation of path) await verifyToken(delegation);
    return path;
  }

  async #mayAsk(wish: ChainWish): Promise<boolean> {
    if (wish.command === findCommand) return false;
    try {
      const { authority: subject } = this.#options;
      await this.#findAmongKnown({ subject, command: findCommand, args: this.#argsOf(wish), now: wish.now });
      return true;
    } catch (error) {
      if (isRefusal(error)) return false;
      throw error;
    }
  }

  // The server knows more, so its reason is the better one, where it is about the same thing.
  async #askFor(wish: ChainWish, failure: HanaperError): Promise<readonly Delegation[]> {
    try {
      const found = await this.#options.ask(this.#argsOf(wish));
      const container = isRecord(found) ? found['container'] : undefined;
      if (typeof container !== 'string') throw failure;
      return (await unpackTokens(encodeUtf8(container))).map(decodeDelegation);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      throw error.details['command'] === wish.command ? error : failure;
    }
  }

  #argsOf({ subject, command, args }: ChainWish): IpldMap {
    const { invoker } = this.#options;
    return ipldMap([
      ['invoker', invoker],
      ['subject', subject],
      ['command', command],
      ['args', args],
    ]);
  }
}

// What a chain is refused with; anything else is a fault, which must not pass for one.
function isRefusal(error: unknown): error is HanaperError {
  return error instanceof HanaperError && error.code === 'not_authorized';
}

function leadsTo(delegations: readonly Delegation[], subject: string, invoker: string): boolean {
  const about = delegations.filter((each) => (each.subject ?? subject) === subject);
  const holders = new Set([subject]);
  for (let before = 0; before < holders.size; ) {
    before = holders.size;
    for (const { issuer, audience } of about) if (holders.has(issuer)) holders.add(audience);
  }
  return holders.has(invoker);
}
