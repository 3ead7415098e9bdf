/** An HTTP API without a server around it, and callers of it. */
import type { Hono } from 'hono';
import { expect } from 'vitest';
import type { Authority } from '../../src/authority/authority.ts';
import { findHostedDid } from '../../src/authority/find-hosted-did.ts';
import { openSigner } from '../../src/authority/issue-delegation.ts';
import { type ErrorCode, HanaperError } from '../../src/errors.ts';
import { type AppOptions, createApp, type RequestLog } from '../../src/http/index.ts';
import { statuses } from '../../src/http/statuses.ts';
import { readLogHead } from '../../src/store/log.ts';
import {
  type ContainerEncoding,
  type Delegation,
  decodeContainer,
  decodeInvocation,
  encodeContainer,
  type Invocation,
  type InvocationClaims,
  type Signer,
  signDelegation,
  signInvocation,
} from '../../src/ucan/index.ts';
import { type Receipt, readReceipt } from '../../src/ucan/receipt.ts';

/** The host by which the API of a test is called. */
export const host = 'localhost:7373';

/** An API, and what it told its log. */
export interface TestApi {
  readonly app: Hono;
  readonly entries: RequestLog[];
  /** Sends a request; its `Host` is the right one unless it says otherwise. */
  send(path: string, init?: RequestInit): Promise<Response>;
}

/** The API of an authority; of none, of a database that is not initialised. */
export function apiOf(authority: Authority | undefined, options: Partial<AppOptions> = {}): TestApi {
  const entries: RequestLog[] = [];
  const app = createApp({
    service: {
      isReady: authority !== undefined,
      authority() {
        if (authority) return authority;
        throw new HanaperError('not_initialized', 'There is no authority yet.');
      },
    },
    hosts: new Set([host]),
    log: (entry) => entries.push(entry),
    rate: { perSecond: 1e6, burst: 1e6 },
    ...options,
  });
  return {
    app,
    entries,
    async send(path, init = {}) {
      const headers = new Headers(init.headers);
      if (!headers.has('host')) headers.set('host', host);
      return app.request(`http://${host}${path}`, { ...init, headers });
    },
  };
}

/** Somebody who holds powers of an authority, and uses them over HTTP. */
export class Caller {
  readonly signer: Signer;
  readonly authority: Authority;
  readonly proofs: readonly Delegation[];

  constructor(authority: Authority, signer: Signer, proofs: readonly Delegation[]) {
    this.authority = authority;
    this.signer = signer;
    this.proofs = proofs;
  }

  /** An invocation of a command: on an organisation's power, or on the authority's. */
  async invoke(
    command: string,
    args: unknown,
    organisation?: string,
    claims: Partial<InvocationClaims> = {},
  ): Promise<Invocation> {
    const { did } = this.authority.identity;
    const subject = organisation === undefined ? did : ((await findHostedDid(this.authority, organisation)) ?? did);
    return signInvocation(this.signer, {
      subject,
      command,
      args,
      audience: did,
      proofs: this.proofs.filter((each) => each.subject === subject).map(({ cid }) => cid),
      expiration: Math.floor(Date.now() / 1000) + 300,
      ...claims,
    });
  }

  /** A container with an invocation and the proofs. */
  pack(invocation: Invocation, encoding: ContainerEncoding = 'base64url'): Promise<Uint8Array<ArrayBuffer>> {
    return encodeContainer(
      [invocation, ...this.proofs].map(({ bytes }) => bytes),
      encoding,
    );
  }

  /** The header for a plain route. */
  async bearer(...call: Parameters<Caller['invoke']>): Promise<{ readonly authorization: string }> {
    return bearerOf(await this.pack(await this.invoke(...call)));
  }
}

/** A container of text as a header. */
export function bearerOf(container: Uint8Array): { readonly authorization: string } {
  return { authorization: `Bearer ${new TextDecoder().decode(container)}` };
}

/** Somebody to whom the authority and organisations of it have given all of their power. */
export async function callerOf(
  authority: Authority,
  signer: Signer,
  organisations: readonly string[] = ['acme'],
): Promise<Caller> {
  const proofs: Delegation[] = [];
  for (const owner of ['authority', ...organisations.map((organisation) => ({ organisation }))] as const) {
    const issuer = await openSigner(authority, owner);
    proofs.push(
      await signDelegation(issuer, { audience: signer.did, subject: issuer.did, command: '/', expiration: null }),
    );
  }
  return new Caller(authority, signer, proofs);
}

/** What a problem says; its status is that of the answer, and it is all that the answer holds. */
export async function problemIn(response: Response): Promise<{
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly details: Readonly<Record<string, unknown>>;
}> {
  const text = await response.text();
  expect(response.headers.get('content-type'), text).toBe('application/problem+json');
  const { type, title, status, detail, instance, code, details = {}, ...others } = JSON.parse(text);
  expect(others).toEqual({});
  expect({ type, status }).toEqual({ type: 'about:blank', status: response.status });
  expect(title).not.toBe('');
  expect(instance).toBe(`urn:uuid:${response.headers.get('x-request-id')}`);
  expect(text).not.toMatch(/\n {4}at |node_modules|\.ts:\d/);
  return { status, code, detail, details };
}

/** Expects a problem of a code, with the status that belongs to it. */
export async function expectProblem(code: ErrorCode, response: Response) {
  const problem = await problemIn(response);
  expect({ code: problem.code, status: problem.status }, problem.detail).toEqual({ code, status: statuses[code] });
  return problem;
}

/** The media type of a container. */
export const containerType = 'application/vnd.ucan.container';

/** `POST /api/invoke` of an authority, asked by its administrator. */
export class Door {
  readonly api: TestApi;
  readonly caller: Caller;
  #keys = 0;

  constructor(api: TestApi, caller: Caller) {
    this.api = api;
    this.caller = caller;
  }

  /** Sends a container. */
  post(body: BodyInit, headers: Readonly<Record<string, string>> = {}, query = ''): Promise<Response> {
    return this.api.send(`/api/invoke${query}`, {
      method: 'POST',
      body,
      headers: { 'content-type': containerType, ...headers },
    });
  }

  /** Something to do that was not done before. */
  async createKey(encoding: ContainerEncoding = 'base64url', claims: Partial<InvocationClaims> = {}) {
    this.#keys += 1;
    const name = `key-${this.#keys}`;
    const invocation = await this.caller.invoke('/key/create', { name }, 'acme', claims);
    return { name, invocation, container: await this.caller.pack(invocation, encoding) };
  }

  /** Expects that nothing was enrolled meanwhile. */
  async expectNothingDone(act: () => Promise<unknown>): Promise<void> {
    const before = await this.#countEntries();
    await act();
    expect(await this.#countEntries()).toBe(before);
  }

  async #countEntries(): Promise<number> {
    const { database } = this.caller.authority;
    return database.transact('read', async (transaction) => (await readLogHead(transaction)).size);
  }
}

/** The receipt in an answer of `/api/invoke`. */
export async function receiptIn(response: Response): Promise<Receipt> {
  const [token, ...others] = await decodeContainer(new Uint8Array(await response.arrayBuffer()));
  expect(others).toEqual([]);
  return readReceipt(decodeInvocation(token ?? new Uint8Array(0)));
}
