/** How requests are made that are to cost a server as much as they can. */
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
  /** `/ucan` on the authority, to the holder. */
  readonly importing: Delegation;
}

/** What is sent over one connection. */
export interface Sent {
  /** The lines of its head; `{host}` stands for the server's. */
  readonly head: string;
  readonly body?: Uint8Array;
  /** Whether more would have to come: then nobody waits for an answer, and the connection ends. */
  readonly isCut?: boolean;
}

const containerType = 'application/vnd.ucan.container';

/** Somebody with a new key. */
export async function createStranger(): Promise<Signer> {
  return signerOf(await generatePrivateKey('ed25519'));
}

/** The head of a request by POST. */
export function headOf(path: string, headers: readonly string[]): string {
  const lines = [`POST ${path} HTTP/1.1`, 'Host: {host}', 'Connection: close', ...headers];
  return `${lines.join('\r\n')}\r\n\r\n`;
}

function post(path: string, type: string, body: Uint8Array): Sent {
  return { head: headOf(path, [`Content-Type: ${type}`, `Content-Length: ${body.length}`]), body };
}

/** A container for `/api/invoke`. */
export function invoke(container: Uint8Array): Sent {
  return post('/api/invoke', containerType, container);
}

/** A body of JSON. */
export function postJson(path: string, body: Uint8Array): Sent {
  return post(path, 'application/json', body);
}

/** A chain of so many links about the one who begins it. */
export async function packChain(length: number): Promise<Uint8Array> {
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

/** A delegation whose policy compares maps: one short key beside long ones. */
export async function packPolicies(): Promise<Uint8Array> {
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

/** An invocation, and so many delegations beside it that it does not name. */
export async function packUnnamed(count: number): Promise<Uint8Array> {
  const [one, other] = [await createStranger(), await createStranger()];
  const delegations = await Promise.all(Array.from({ length: count }, () => delegate(one, other.did, one.did)));
  return pack(await signFor(other, one.did, '/key/list', {}, []), delegations);
}

/** A revocation of what is not known, with proofs that unzip to much. */
export async function revokeUnknown({ authority, holder }: Target): Promise<Sent> {
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
  return revoke(authority, holder, { revoke: ucan, path: [...proofs.map(({ cid }) => cid), ucan] }, proofs);
}

/** A revocation with as many powerlines to its author as a container holds, by a new principal. */
export async function revokeBeside(authority: string, revoker: Signer, create: () => Promise<Signer>): Promise<Sent> {
  const given = await listOf(254, async () => delegateOn(await create(), revoker.did));
  return revoke(authority, revoker, { revoke: given[0]?.cid }, given);
}

/** A revocation with a path of 64 links by keys that take long to verify by. */
export async function revokeByPath({ authority, holder, importing }: Target): Promise<Sent> {
  const given: Delegation[] = [];
  let signer = holder;
  for (let link = 0; link < 64; link++) {
    const next = await signerOf(await generatePrivateKey('secp256k1'));
    given.push(await delegate(signer, next.did, holder.did));
    signer = next;
  }
  const path = given.map(({ cid }) => cid);
  return revoke(authority, holder, { revoke: path.at(-1), path }, [...given, importing]);
}

async function revoke(authority: string, revoker: Signer, args: object, given: readonly Delegation[]): Promise<Sent> {
  const invocation = await signInvocation(revoker, {
    subject: revoker.did,
    command: '/ucan/revoke',
    args,
    audience: authority,
    expiration: inSeconds(300),
  });
  return invoke(await pack(invocation, given));
}

/** So many tokens of UCAN 0.8 to import. */
export async function importOld(
  { authority, holder, importing }: Target,
  count: number,
  isForged: boolean,
): Promise<Sent> {
  const issuer = await createStranger();
  const tokens = await listOf(count, async (index) => {
    const [header, payload] = [
      { alg: 'EdDSA', typ: 'JWT', ucv: '0.8.1' },
      { iss: issuer.did, aud: holder.did, exp: inSeconds(300), nnc: String(index), att: [], prf: [] },
    ].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'));
    const signature = Buffer.from(await issuer.sign(Buffer.from(`${header}.${payload}`)));
    if (isForged) signature[0] = (signature[0] ?? 0) ^ 1;
    return `${header}.${payload}.${signature.toString('base64url')}`;
  });
  const invocation = await signFor(holder, authority, '/ucan/import-legacy', { tokens }, [importing]);
  return invoke(await pack(invocation, [importing]));
}

/** A powerline. */
export function delegateOn(signer: Signer, audience: string): Promise<Delegation> {
  return signDelegation(signer, { audience, subject: null, command: '/', expiration: inSeconds(3600) });
}

const longKeys = Array.from({ length: 60 }, (_, index) => `${'k'.repeat(40)}${index}`);
/** Arguments on which these policies take long. */
export const slowArgs: object = { m: Object.fromEntries(longKeys.map((key) => [key, 0])), s: 'a'.repeat(2000) };

/** A delegation from the holder to the authority whose policy takes long to go through. */
export function delegateSlowly(
  { authority, holder }: Pick<Target, 'authority' | 'holder'>,
  index: number,
): Promise<Delegation> {
  const differs = ['!=', '.m[]', { [`${'k'.repeat(40)}x${index}`]: 0 }];
  return signDelegation(holder, {
    audience: authority,
    subject: holder.did,
    command: '/',
    policy: [...Array.from({ length: 12 }, () => differs), ['like', '.s', `*a*a*b${index}`]],
    expiration: inSeconds(3600),
  });
}

/** So many of what is made, at the same time. */
export function listOf<Item>(length: number, make: (index: number) => Promise<Item>): Promise<Item[]> {
  return Promise.all(Array.from({ length }, (_, index) => make(index)));
}

/** An invocation of the holder about the authority, with delegations beside it. */
export async function invokeHeld(
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

/** An invocation by somebody without any power. */
export async function invokeAsStranger({ authority }: Target, strange: Strange): Promise<Sent> {
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

/** Lists of one, each in the other (DAG-CBOR). */
export function nest(depth: number): Uint8Array {
  return new Uint8Array(depth + 1).fill(0x81, 0, depth);
}

/** As many empty lists as have so many bytes of JSON. */
export function emptyLists(length: number): Uint8Array {
  return Buffer.from(`[${'[],'.repeat(Math.floor(length / 3) - 1)}[]]`);
}

/** Sixteen signatures to be verified, none of them valid. */
export function manySignatures(): object {
  const signature = { version: 1, algorithm: 'ed25519', signature: 'A'.repeat(86).concat('==') };
  const hash = Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString('hex');
  const whole = { ...signature, package_hash: hash, key_fingerprint: hash, signed_at: '2026-01-01T00:00:00.000Z' };
  return { hash, name: 'plugin.wasm', organisation: 'acme', signatures: Array.from({ length: 16 }, () => whole) };
}

/** A time from now, in seconds since 1970. */
export function inSeconds(seconds: number): number {
  return Math.floor(Date.now() / 1000) + seconds;
}

/** An invocation of the holder that has delegations stored. */
export function askToStore(target: Target, given: readonly Delegation[]): Promise<Sent> {
  return invokeHeld(target, '/delegation/store', { delegations: given.map(({ cid }) => cid) }, given);
}
