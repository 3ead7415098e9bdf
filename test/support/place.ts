/** A server over a database, and an administrator elsewhere who reaches it by tokens alone. */
import { onTestFinished } from 'vitest';
import { type Authority, listOrganisations } from '../../src/authority/index.ts';
import { openSigner } from '../../src/authority/issue-delegation.ts';
import type { ServerOptions } from '../../src/server.ts';
import {
  type ContainerEncoding,
  type Delegation,
  type Invocation,
  type InvocationClaims,
  toIpld,
  toJsonValue,
} from '../../src/ucan/index.ts';
import { byRawKey, createAuthority, query } from './authority.ts';
import type { TestEngine } from './engines.ts';
import { type Answered, type Asked, ask, serve, type TestServer } from './server.ts';
import { containerOf, type HasBytes } from './tokens.ts';
import { delegate, invoke, type Principal, principal } from './ucan.ts';

/** What of a command a request needs. */
export interface Named {
  readonly name: string;
  readonly subject: string;
  readonly access: string;
  readonly route: { readonly method: string; readonly path: string };
}

/** What is asked for by a command. */
export interface Asking {
  readonly command: Named;
  readonly args?: Readonly<Record<string, unknown>>;
  /** Name; default: acme. */
  readonly organisation?: string;
  /** Delegations that go beside the invocation, with its proofs. */
  readonly given?: readonly Delegation[];
  /** Somebody else than the administrator, who invokes on a power of their own. */
  readonly signer?: Principal;
  readonly claims?: Partial<InvocationClaims>;
}

/** An invocation and what lies beside it. */
export interface Signed {
  readonly invocation: Invocation;
  readonly given: readonly Delegation[];
  readonly tokens: readonly HasBytes[];
}

/** Seconds since 1970, from the present on. */
export function inSeconds(seconds: number): number {
  return Math.floor(Date.now() / 1000) + seconds;
}

/** A place of its own for one test, which ends with it. */
export async function createPlace(engine: TestEngine, changes: Partial<ServerOptions> = {}): Promise<Place> {
  const database = await engine.createUrl();
  const { authority } = await createAuthority(database);
  onTestFinished(() => authority.close());
  const server = await serve(database, { credential: byRawKey(1), ...changes });
  return new Place(database, authority, server, await principal('admin'));
}

/** A server with the organisation `acme`, another Authority on its database, and `admin`, who may do everything. */
export class Place {
  readonly database: string;
  readonly authority: Authority;
  readonly server: TestServer;
  readonly admin: Principal;
  readonly #dids = new Map<string, string>();
  readonly #proofs = new Map<string, Delegation>();

  constructor(database: string, authority: Authority, server: TestServer, admin: Principal) {
    this.database = database;
    this.authority = authority;
    this.server = server;
    this.admin = admin;
  }

  /** The DID of an organisation. */
  async didOf(organisation: string): Promise<string> {
    if (!this.#dids.has(organisation)) {
      const { organisations } = await this.authority.execute(listOrganisations, {});
      for (const { name, did } of organisations) this.#dids.set(name, did);
    }
    return this.#dids.get(organisation) ?? 'did:key:none';
  }

  /** The delegation of `/` to the administrator, from the authority or an organisation about itself. */
  async proofOf(organisation: string | undefined): Promise<Delegation> {
    const key = organisation ?? '';
    const known = this.#proofs.get(key);
    if (known) return known;
    const host = organisation === undefined ? 'authority' : { organisation };
    const proof = await delegate(await openSigner(this.authority, host), this.admin);
    this.#proofs.set(key, proof);
    return proof;
  }

  /** An invocation of the administrator's with its proof; of the authority's subject where the command has it. */
  async sign({ command, args = {}, organisation = 'acme', given = [], signer, claims }: Asking): Promise<Signed> {
    const isOrganisations = command.subject === 'organisation';
    const did = isOrganisations ? await this.didOf(organisation) : this.authority.identity.did;
    const proofs = signer ? [] : [await this.proofOf(isOrganisations ? organisation : undefined)];
    const invocation = await invoke(signer ?? this.admin, signer ?? { did }, proofs, {
      command: command.name,
      args,
      audience: this.authority.identity.did,
      expiration: inSeconds(300),
      ...claims,
    });
    return { invocation, given: [...proofs, ...given], tokens: [invocation, ...proofs, ...given] };
  }

  /** Asks by the plain route of a command, with an invocation of its own or a given one. */
  async askPlainly(asking: Asking, signed?: Signed): Promise<Answered> {
    const { tokens } = signed ?? (await this.sign(asking));
    return ask(this.server.url, ...plainRequest(asking, await containerOf(tokens)));
  }

  /** Asks by `/api/invoke`. */
  async askByContainer(signed: Signed, asked: Asked = {}, encoding: ContainerEncoding = 'base64url') {
    return ask(this.server.url, '/api/invoke', {
      body: await containerOf(signed.tokens, encoding),
      ...asked,
      headers: { 'Content-Type': 'text/plain', ...asked.headers },
    });
  }

  /** The number of rows of every table. */
  async countRows(): Promise<Readonly<Record<string, number>>> {
    const tables = await query(
      this.database,
      this.database.startsWith('sqlite:')
        ? "select name from sqlite_schema where type = 'table' order by name"
        : "select table_name as name from information_schema.tables where table_schema = 'public' order by name",
    );
    const counts: Record<string, number> = {};
    for (const { name } of tables) {
      // What is made of the log beside the requests comes in its own time.
      if (name === 'checkpoints' || name === 'log_tiles') continue;
      const [row] = await query(this.database, `select count(*) as count from "${String(name)}"`);
      counts[String(name)] = Number(row?.['count']);
    }
    return counts;
  }
}

/** Path and options of a plain request that says what the invocation in its header does. */
export function plainRequest(asking: Asking, bearer: string): [string, Asked] {
  const { command, args = {}, organisation = 'acme' } = asking;
  const { method, path } = command.route;
  const rest = { ...args };
  const target = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    if (name === 'org' && !Object.hasOwn(rest, 'org')) return encodeURIComponent(organisation);
    const value = rest[name];
    delete rest[name];
    return encodeURIComponent(String(value));
  });
  const headers = { Authorization: `Bearer ${bearer}` };
  if (method !== 'GET') return [target, { method, headers, json: toJsonValue(toIpld(rest)) }];
  const search = new URLSearchParams(Object.entries(rest).map(([name, value]) => [name, String(value)]));
  return [`${target}${search.size > 0 ? `?${search}` : ''}`, { method, headers }];
}
