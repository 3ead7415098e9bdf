/** Requests that a stranger or the holder of a small delegation can send, to cost a server as much as they can. */
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { generatePrivateKey } from '../../src/did/index.ts';
import { type Delegation, encodeContainer, signerOf } from '../../src/ucan/index.ts';
import {
  askToStore,
  createStranger,
  delegateOn,
  delegateSlowly,
  emptyLists,
  headOf,
  importOld,
  inSeconds,
  invoke,
  invokeAsStranger,
  invokeHeld,
  listOf,
  manySignatures,
  nest,
  packChain,
  packPolicies,
  packUnnamed,
  postJson,
  revokeBeside,
  revokeByPath,
  revokeUnknown,
  type Sent,
  slowArgs,
  type Target,
} from './hostile-requests.ts';

export { createStranger, type Sent, type Target } from './hostile-requests.ts';

/** A kind of request. */
export interface HostileKind {
  readonly name: string;
  /** Makes one; each is another. */
  make(target: Target): Promise<Sent>;
}

const valuesContainer = readFileSync(new URL('../vectors/hostile/values.ctn', import.meta.url));
// For so many milliseconds a request that is cut off is left to the server.
const patience = 25;

/** Sends a request, and returns the status of the answer; 0 where none came. */
export function sendHostile(url: string, { head, body, isCut = false }: Sent): Promise<number> {
  const { hostname, port, host } = new URL(url);
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname);
    let said = '';
    socket.on('data', (chunk) => {
      if (said.length < 64) said += chunk.toString('latin1');
    });
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(Number(/^HTTP\/1\.1 (\d{3})/.exec(said)?.[1] ?? 0)));
    socket.write(head.replace('{host}', host));
    socket.write(body ?? new Uint8Array(0), () => {
      if (isCut) setTimeout(() => socket.destroy(), patience);
    });
  });
}

/**
 * Stores so many delegations that lead to the holder from nowhere, and so are looked at where a chain is sought, and some
 * from the holder to the authority whose policies are slow.
 */
export async function storeMany(url: string, target: Target, count: number): Promise<void> {
  await storeEach(url, target, 64, count, () => delegateOn(target.holder, target.holder.did));
  await storeEach(url, target, 50, 200, (index) => delegateSlowly(target, index));
}

async function storeEach(
  url: string,
  target: Target,
  atOnce: number,
  count: number,
  make: (index: number) => Promise<Delegation>,
): Promise<void> {
  for (let stored = 0; stored < count; stored += atOnce) {
    const given = await listOf(Math.min(atOnce, count - stored), (index) => make(stored + index));
    const status = await sendHostile(url, await askToStore(target, given));
    if (status !== 200) throw new Error(`delegations could not be stored: ${status}`);
  }
}

/** An invocation of the holder that is meant well. */
export function askWell(target: Target): Promise<Sent> {
  return invokeHeld(target, '/delegation/list', { limit: 1 });
}

/** The kinds: what strangers can send first. */
export const hostileKinds: readonly HostileKind[] = [
  { name: 'millions of values in tokens', make: async () => invoke(valuesContainer) },
  {
    name: 'the same in a header, and a body that never comes',
    make: async () => ({
      head: headOf('/api/crypto/lock', [
        `Authorization: Bearer P${valuesContainer.subarray(1).toString('base64url')}`,
        'Content-Type: application/json',
        'Content-Length: 100',
      ]),
      isCut: true,
    }),
  },
  { name: 'a chain of 64 about oneself', make: async () => invoke(await packChain(64)) },
  { name: 'policies over long keys', make: async () => invoke(await packPolicies()) },
  { name: 'deep nesting', make: async () => invoke(await encodeContainer([nest(20_000)], 'raw')) },
  {
    name: 'a container that unzips to much',
    make: async () => invoke(await encodeContainer([new Uint8Array(16_777_216)], 'raw-gzip')),
  },
  { name: '255 delegations that nothing names', make: async () => invoke(await packUnnamed(255)) },
  { name: 'empty lists for a verification', make: async () => postJson('/api/verify', emptyLists(131_000)) },
  { name: 'empty lists for an unlocking', make: async () => postJson('/api/crypto/unlock', emptyLists(16_000)) },
  { name: 'empty lists for a command', make: async () => postJson('/api/orgs', emptyLists(1_000_000)) },
  {
    name: 'sixteen signatures to be verified',
    make: async () => postJson('/api/verify', Buffer.from(JSON.stringify(manySignatures()))),
  },
  { name: 'a command that there is not', make: (target) => invokeAsStranger(target, { command: '/no/such/command' }) },
  { name: 'what is addressed to another', make: (target) => invokeAsStranger(target, { audience: true }) },
  { name: 'what has expired', make: (target) => invokeAsStranger(target, { expiration: inSeconds(-60) }) },
  { name: 'a signature of somebody else', make: (target) => invokeAsStranger(target, { isForged: true }) },
  {
    name: 'an invalid request line',
    make: async () => ({ head: 'GET / HTTP/9.9\r\nHost: {host}\r\n\r\n' }),
  },
  {
    name: 'headers that come slowly',
    make: async () => ({ head: `GET / HTTP/1.1\r\nX-Slow: ${'x'.repeat(30_000)}`, isCut: true }),
  },
  { name: 'a revocation of what is unknown, with proofs that unzip to much', make: revokeUnknown },
  {
    name: 'a chain sought among many delegations',
    make: async (target) => {
      const { did } = await createStranger();
      const args = { invoker: target.holder.did, subject: did, command: '/package/sign', args: {} };
      return invokeHeld(target, '/delegation/find', args);
    },
  },
  {
    name: 'many delegations listed',
    make: (target) => invokeHeld(target, '/delegation/list', { limit: 1000, revoked: true, expired: true }),
  },
  {
    name: 'a search among slow policies',
    make: async (target) => {
      const { authority, holder } = target;
      const args = { invoker: authority, subject: holder.did, command: '/x', args: slowArgs };
      return invokeHeld(target, '/delegation/find', args);
    },
  },
  {
    name: 'as many delegations to store as a container holds',
    make: async (target) => {
      const given = await listOf(250, () => delegateOn(target.holder, target.holder.did));
      return askToStore(target, given);
    },
  },
  {
    name: 'delegations to store of principals that are not known',
    make: async (target) => {
      const given = await listOf(100, async () => delegateOn(await createStranger(), (await createStranger()).did));
      return askToStore(target, given);
    },
  },
  {
    name: 'delegations to store by slow keys',
    make: async (target) => {
      const signer = await signerOf(await generatePrivateKey('secp256k1'));
      return askToStore(target, await listOf(100, () => delegateOn(signer, target.holder.did)));
    },
  },
  { name: 'old tokens that are forged', make: (target) => importOld(target, 560, true) },
  { name: 'old tokens', make: (target) => importOld(target, 100, false) },
  {
    name: 'a revocation with powerlines by one',
    make: async ({ authority, holder }) => revokeBeside(authority, holder, async () => holder),
  },
  {
    name: 'a revocation with powerlines by many',
    make: async ({ authority, holder }) => revokeBeside(authority, holder, createStranger),
  },
  {
    name: "a stranger's revocation with powerlines",
    make: async ({ authority }) => revokeBeside(authority, await createStranger(), createStranger),
  },
  { name: 'a revocation by a path of slow keys', make: revokeByPath },
];
