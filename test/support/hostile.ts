/** Requests that a stranger or the holder of a small delegation can send, to cost a server as much as they can. */
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { generatePrivateKey } from '../../src/did/index.ts';
import {
  computeCid,
  type Delegation,
  encodeContainer,
  type Signer,
  signDelegation,
  signerOf,
  signInvocation,
} from '../../src/ucan/index.ts';

/** Whom to ask, and who has a small power there. */
export interface Target {
  readonly authority: string;
  readonly holder: Signer;
  /** `/delegation` on the authority, to the holder. */
  readonly delegation: Delegation;
}

/** What is sent over one connection. */
export interface Sent {
  /** The lines of its head; `{host}` stands for the server's. */
  readonly head: string;
  readonly body?: Uint8Array;
  /** Whether more would have to come: then nobody waits for an answer, and the connection ends. */
  readonly isCut?: boolean;
}

/** A kind of request. */
export interface HostileKind {
  readonly name: string;
  /** Makes one; each is another. */
  make(target: Target): Promise<Sent>;
}

const containerType = 'application/vnd.ucan.container';
const valuesContainer = readFileSync(new URL('../vectors/hostile/values.ctn', import.meta.url));
// For so many milliseconds a request that is cut off is left to the server.
const patience = 25;

/** Somebody with a new key. */
export async function createStranger(): Promise<Signer> {
  return signerOf(await generatePrivateKey('ed25519'));
}

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

/** Stores so many delegations that lead to the holder from nowhere, and so are looked at where a chain is sought. */
export async function storeMany(url: string, target: Target, count: number): Promise<void> {
  for (let stored = 0; stored < count; stored += 100) {
    const given = await Promise.all(
      Array.from({ length: Math.min(100, count - stored) }, async () =>
        signDelegation(target.holder, {
          audience: target.holder.did,
          subject: null,
          command: '/',
          expiration: inSeconds(3600),
        }),
      ),
    );
    const args = { delegations: given.map(({ cid }) => cid) };
    const status = await sendHostile(url, await invokeHeld(target, '/delegation/store', args, given));
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
    name: 'a request line that is none',
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
];

function headOf(path: string, headers: readonly string[]): string {
  const lines = [`POST ${path} HTTP/1.1`, 'Host: {host}', 'Connection: close', ...headers];
  return `${lines.join('\r\n')}\r\n\r\n`;
}

function post(path: string, type: string, body: Uint8Array): Sent {
  return { head: headOf(path, [`Content-Type: ${type}`, `Content-Length: ${body.length}`]), body };
}

function invoke(container: Uint8Array): Sent {
  return post('/api/invoke', containerType, container);
}

function postJson(path: string, body: Uint8Array): Sent {
  return post(path, 'application/json', body);
}

async function packChain(length: number): Promise<Uint8Array> {
  const root = await createStranger();
  const delegations: Delegation[] = [];
  let signer = root;
  for (let link = 0; link < length; link++) {
    const next = await createStranger();
    delegations.push(await delegate(signer, next.did, root.did));
    signer = next;
  }
  return pack(await signFor(signer, root.did, '/key/list', {}, delegations), delegations);
}

// One short key beside long ones that begin alike, so that each comparison goes through all of them.
async function packPolicies(): Promise<Uint8Array> {
  const [root, other] = [await createStranger(), await createStranger()];
  const long = Array.from({ length: 60 }, (_, index) => [`${'k'.repeat(100)}${index}`, 0] as const);
  const wish = { invoker: other.did, subject: root.did, command: '/package/sign' };
  const args = { m: Object.fromEntries([['0', 0], ...long]) };
  const policy = Array.from({ length: 255 }, () => ['!=', '.args.m[]', { [`${'k'.repeat(100)}x`]: 1, '0': 1 }]);
  const delegation = await signDelegation(root, {
    audience: other.did,
    subject: root.did,
    command: '/',
    policy,
    expiration: inSeconds(300),
  });
  return pack(await signFor(other, root.did, '/delegation/find', { ...wish, args }, [delegation]), [delegation]);
}

async function packUnnamed(count: number): Promise<Uint8Array> {
  const [one, other] = [await createStranger(), await createStranger()];
  const delegations = await Promise.all(Array.from({ length: count }, () => delegate(one, other.did, one.did)));
  return pack(await signFor(other, one.did, '/key/list', {}, []), delegations);
}

async function revokeUnknown({ authority, holder }: Target): Promise<Sent> {
  const meta = { text: 'a'.repeat(100_000) };
  const proofs = await Promise.all(
    Array.from({ length: 15 }, () =>
      signDelegation(holder, {
        audience: holder.did,
        subject: holder.did,
        command: '/ucan/revoke',
        expiration: inSeconds(3600),
        meta,
      }),
    ),
  );
  const ucan = computeCid(crypto.getRandomValues(new Uint8Array(32)));
  const args = { ucan, path: proofs.map(({ cid }) => cid) };
  const invocation = await signInvocation(holder, {
    subject: holder.did,
    command: '/ucan/revoke',
    args,
    audience: authority,
    expiration: inSeconds(300),
  });
  return invoke(await pack(invocation, proofs));
}

async function invokeHeld(
  { authority, holder, delegation }: Target,
  command: string,
  args: object,
  given: readonly Delegation[] = [],
): Promise<Sent> {
  const invocation = await signFor(holder, authority, command, args, [delegation]);
  return invoke(await pack(invocation, [delegation, ...given]));
}

interface Strange {
  readonly command?: string;
  readonly audience?: true;
  readonly expiration?: number;
  readonly isForged?: true;
}

async function invokeAsStranger({ authority }: Target, strange: Strange): Promise<Sent> {
  const [stranger, other] = [await createStranger(), await createStranger()];
  const signer = strange.isForged ? { ...stranger, did: other.did } : stranger;
  const invocation = await signInvocation(signer, {
    subject: authority,
    command: strange.command ?? '/org/list',
    args: {},
    audience: strange.audience ? other.did : authority,
    expiration: strange.expiration ?? inSeconds(300),
  });
  return invoke(await pack(invocation, []));
}

function delegate(signer: Signer, audience: string, subject: string): Promise<Delegation> {
  return signDelegation(signer, { audience, subject, command: '/', expiration: inSeconds(300) });
}

function signFor(signer: Signer, subject: string, command: string, args: object, proofs: readonly Delegation[]) {
  return signInvocation(signer, {
    subject,
    command,
    args,
    proofs: proofs.map(({ cid }) => cid),
    expiration: inSeconds(300),
  });
}

function pack(invocation: { readonly bytes: Uint8Array }, delegations: readonly Delegation[]): Promise<Uint8Array> {
  return encodeContainer(
    [invocation, ...delegations].map(({ bytes }) => bytes),
    'raw-gzip',
  );
}

// Lists of one, each in the other (DAG-CBOR).
function nest(depth: number): Uint8Array {
  return new Uint8Array(depth + 1).fill(0x81, 0, depth);
}

function emptyLists(length: number): Uint8Array {
  return Buffer.from(`[${'[],'.repeat(Math.floor(length / 3) - 1)}[]]`);
}

function manySignatures(): object {
  const signature = { version: 1, algorithm: 'ed25519', signature: 'A'.repeat(86).concat('==') };
  const hash = Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString('hex');
  const whole = { ...signature, package_hash: hash, key_fingerprint: hash, signed_at: '2026-01-01T00:00:00.000Z' };
  return { hash, name: 'plugin.wasm', organisation: 'acme', signatures: Array.from({ length: 16 }, () => whole) };
}

function inSeconds(seconds: number): number {
  return Math.floor(Date.now() / 1000) + seconds;
}
