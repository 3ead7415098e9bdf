import { encodeUtf8 } from '../bytes.ts';
import { HanaperError } from '../errors.ts';
import { findChain, sourceOf, unrevoked, type Wish } from '../ucan/chain/find-chain.ts';
import { type IpldMap, ipldMap } from '../ucan/encoding/ipld.ts';
import { type Delegation, readDelegation } from '../ucan/token/delegation.ts';
import { verifyToken } from '../ucan/token/verified.ts';
import { readContainer } from './read-container.ts';
import { isRecord } from './read-json.ts';

/** The command that finds a chain among the delegations that a server keeps. */
export const findCommand = '/delegation/find';

// For whom a server is asked, before it is asked for the invoker.
const maxHolders = 4;

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

/** The delegations that one invoker holds, and those that a server gave for what these do not allow. */
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
      if (!isRefusal(failure) || wish.command === findCommand) throw failure;
      return await this.#findByServer(wish, failure).catch((error: unknown) => {
        throw isRefusal(error) && this.#options.proofs.length === 0 ? withoutProof(error) : error;
      });
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

  // A delegator may hold what only the server knows: a powerline covers future subjects too.
  async #findByServer(wish: ChainWish, failure: HanaperError): Promise<readonly Delegation[]> {
    let reason = failure;
    for (const holder of [...this.#listHolders(wish.subject), this.#options.invoker]) {
      try {
        this.#known.push(...(await this.#askFor(holder, wish)));
        return await this.#findAmongKnown(wish);
      } catch (error) {
        // Where it ended for its bound there may be a chain, or one by another holder.
        if (isTooLarge(error)) reason = error;
        else if (!isRefusal(error)) throw error;
        if (isTooLarge(reason)) continue;
        // The server knows more, so its reason is the better one, where it is about us and the same thing.
        if (error.details['command'] === wish.command && holder === this.#options.invoker) reason = error;
      }
    }
    throw reason;
  }

  async #askFor(holder: string, { subject, command, args, now }: ChainWish): Promise<readonly Delegation[]> {
    const asked = ipldMap([
      ['invoker', holder],
      ['subject', subject],
      ['command', command],
      ['args', args],
    ]);
    // Who may not ask need not be told so by the server.
    await this.#findAmongKnown({ subject: this.#options.authority, command: findCommand, args: asked, now });
    const found = await this.#options.ask(asked);
    const container = isRecord(found) ? found['container'] : undefined;
    return typeof container === 'string' ? (await readContainer(encodeUtf8(container))).map(readDelegation) : [];
  }

  /** Those above the invoker, among the held delegations about a subject: the nearest first. */
  #listHolders(subject: string): readonly string[] {
    const about = this.#known.filter((each) => (each.subject ?? subject) === subject);
    const holders = new Set([this.#options.invoker]);
    for (const holder of holders) {
      for (const { issuer, audience } of about)
        if (audience === holder && holders.size <= maxHolders) holders.add(issuer);
    }
    holders.delete(this.#options.invoker);
    return [...holders];
  }
}

// What a chain is refused with; anything else is a fault, which must not pass for one.
function isRefusal(error: unknown): error is HanaperError {
  return error instanceof HanaperError && error.code === 'not_authorized';
}

function isTooLarge(error: unknown): error is HanaperError {
  return error instanceof HanaperError && error.code === 'too_large';
}

function withoutProof({ code, message, details }: HanaperError): HanaperError {
  return new HanaperError(code, `${message} No delegation to this key was given.`, {
    ...details,
    remedy: 'show_proof',
  });
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
