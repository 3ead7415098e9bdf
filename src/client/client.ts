import { HanaperError } from '../errors.ts';
import { formatCid } from '../ucan/encoding/cid.ts';
import { encodeContainer } from '../ucan/encoding/container.ts';
import { toIpldMap } from '../ucan/encoding/ipld.ts';
import type { Delegation } from '../ucan/token/delegation.ts';
import { type Invocation, signInvocation } from '../ucan/token/invocation.ts';
import type { Signer } from '../ucan/token/signer.ts';
import { type ClientAnswer, containerType, readAnswer, resultOf } from './answer.ts';
import { Chains, findCommand } from './chains.ts';
import { type RemoteCommand, requireArgs } from './command.ts';
import { clientLimits } from './limits.ts';
import type { LogMemory } from './log-memory.ts';
import { findOrganisation, readOrganisations } from './organisations.ts';
import type { Transport } from './transport.ts';
import { WatchedLog } from './watched-log.ts';

/** What a client is made of. */
export interface ClientParts {
  readonly transport: Transport;
  /** DID of the authority whose server it is. */
  readonly authority: string;
  readonly signer: Signer;
  readonly proofs: readonly Delegation[];
  /** What was seen of the log. */
  readonly logs?: LogMemory | undefined;
}

/** What is to be done, by the name of a command that need not be known here. */
export interface Asking {
  readonly command: string;
  /** On whose power: a DID. */
  readonly subject: string;
  readonly args: unknown;
  readonly access: 'read' | 'write';
  /** Delegations that go beside the invocation. */
  readonly given?: readonly Delegation[] | undefined;
  /** What the subject is believed to be called: another's name is refused. */
  readonly organisation?: string | undefined;
}

/** An invocation with the chain that it rests on. */
export interface SignedRequest {
  readonly invocation: Invocation;
  readonly path: readonly Delegation[];
}

/** Executes commands at a server, by a key and the delegations to it. `connect` makes one. */
export class Client {
  /** Whose server it is. */
  readonly identity: { readonly did: string };
  readonly #transport: Transport;
  readonly #signer: Signer;
  readonly #chains: Chains;
  readonly #log: WatchedLog;

  constructor({ transport, authority, signer, proofs, logs }: ClientParts) {
    this.identity = { did: authority };
    this.#transport = transport;
    this.#signer = signer;
    this.#log = new WatchedLog({ server: transport.origin, authority, logs });
    const ask = (args: unknown) => this.invoke({ command: findCommand, subject: authority, args, access: 'read' });
    this.#chains = new Chains({ invoker: signer.did, authority, proofs, ask });
  }

  /**
   * Executes one of the authority's own commands; `given` are delegations that go with it.
   *
   * @throws HanaperError `bad_input`, `not_authorized`, `unavailable`, and whatever the server refuses it with
   */
  execute<Args, Result>(
    command: RemoteCommand<'authority', Args, Result>,
    args: Args,
    given: readonly Delegation[] = [],
  ): Promise<Result> {
    return this.#call(command, args, { subject: this.identity.did, given });
  }

  /**
   * Executes a command of an organisation: name, DID or id; absent: the one that the delegations are about, or the only one.
   *
   * @throws HanaperError `bad_input`, `not_authorized`, `not_found`, `usage`, `unavailable`, and whatever the server
   * refuses it with
   */
  async executeFor<Args, Result>(
    organisation: string | undefined,
    command: RemoteCommand<'organisation', Args, Result>,
    args: Args,
  ): Promise<Result> {
    requireArgs(command, args);
    return this.#call(command, args, { subject: await this.findSubject(organisation), organisation });
  }

  /**
   * Has a request executed that somebody has signed already.
   *
   * @throws HanaperError `unavailable`, and whatever the server refuses it with
   */
  executeRequest(request: {
    readonly invocation: Invocation;
    readonly given: readonly Delegation[];
  }): Promise<ClientAnswer> {
    return this.#send(request.invocation, request.given, { access: 'write' });
  }

  /**
   * Invokes a command by its name, on a chain of held delegations, or of the server's, and returns its result as
   * JSON.
   *
   * @throws HanaperError `not_authorized`, `unavailable`, and whatever the server refuses it with
   * @example
   * const { signature } = await client.invoke({
   *   command: '/package/sign', subject: acme, args: { hash, name: 'plugin.wasm', key: 'release' }, access: 'write',
   * });
   */
  async invoke(asking: Asking): Promise<unknown> {
    return resultOf(await this.#ask(asking));
  }

  /**
   * An invocation for this server, signed, with the chain that it rests on.
   *
   * @throws HanaperError `not_authorized`, `unavailable`
   */
  async sign({ command, subject, args }: Pick<Asking, 'command' | 'subject' | 'args'>): Promise<SignedRequest> {
    const now = Math.floor(Date.now() / 1000);
    const path = await this.#chains.find({ subject, command, args: toIpldMap(args), now });
    const invocation = await signInvocation(this.#signer, {
      subject,
      command,
      args,
      audience: this.identity.did,
      proofs: path.map(({ cid }) => cid),
      expiration: now + clientLimits.invocationLifetime,
    });
    return { invocation, path };
  }

  async #call<Args, Result>(
    command: RemoteCommand<'authority' | 'organisation', Args, Result>,
    args: Args,
    about: Pick<Asking, 'subject' | 'given' | 'organisation'>,
  ): Promise<Result> {
    requireArgs(command, args);
    const answer = await this.#ask({ ...about, command: command.name, access: command.access, args });
    const result = resultOf(answer);
    // As it came: in the order of its fields, too, it is what the database gives.
    if (command.result.safeParse(result).success) return result as Result;
    throw this.#unfit(command.name, answer);
  }

  async #ask(asking: Asking): Promise<ClientAnswer> {
    const { invocation, path } = await this.sign(asking);
    return this.#send(invocation, [...path, ...(asking.given ?? [])], asking);
  }

  async #send(
    invocation: Invocation,
    given: readonly Delegation[],
    { access, organisation }: Pick<Asking, 'access' | 'organisation'>,
  ): Promise<ClientAnswer> {
    const isWrite = access === 'write';
    const { headers: wishes, check } = this.#log.ask(access);
    const query = organisation === undefined ? '' : `?org=${encodeURIComponent(organisation)}`;
    const answer = await this.#transport.send({
      method: 'POST',
      path: `/api/invoke${query}`,
      headers: { 'content-type': containerType, accept: isWrite ? containerType : 'application/json', ...wishes },
      body: await packRequest([invocation, ...given]),
      most: isWrite ? clientLimits.receiptBytes : clientLimits.resultBytes,
      changes: isWrite,
    });
    const { origin: server } = this.#transport;
    const read = await readAnswer(answer, { server, authority: this.identity.did, invocation, access });
    if (read.kind === 'receipt') await check(read.receipt, answer.headers);
    return read;
  }

  /**
   * The DID of an organisation: by its name, DID or id; absent: the one that the delegations are about, or the only one.
   *
   * @throws HanaperError `not_authorized`, `not_found`, `usage`, `unavailable`
   */
  async findSubject(organisation?: string): Promise<string> {
    if (organisation?.startsWith('did:')) return organisation;
    const [subject, ...others] = this.#chains.listSubjects();
    if (subject !== undefined && others.length === 0) return subject;
    const asking = { command: '/org/list', subject: this.identity.did, args: {}, access: 'read' } as const;
    const answer = await this.#ask(asking);
    const organisations = readOrganisations(resultOf(answer));
    if (organisations) return findOrganisation(organisations, organisation);
    throw this.#unfit(asking.command, answer);
  }

  #unfit(command: string, answer: ClientAnswer): HanaperError {
    const done =
      answer.kind === 'receipt' ? ` It was done: its receipt is ${formatCid(answer.receipt.invocation.cid)}.` : '';
    return new HanaperError(
      'unavailable',
      `What ${this.#transport.origin} answers to ${command} has another form than is known here: its version may be another.${done}`,
      { server: this.#transport.origin, command },
    );
  }
}

async function packRequest(tokens: readonly { readonly bytes: Uint8Array }[]): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = tokens.map((token) => token.bytes);
  const length = bytes.reduce((total, each) => total + each.length, 0);
  return encodeContainer(bytes, length > clientLimits.plainRequestBytes ? 'raw-gzip' : 'raw');
}
