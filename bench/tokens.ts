import { createPublicKey, verify } from 'node:crypto';
import { decodeDidKey, generatePrivateKey } from 'hanaper/did';
import {
  type Delegation,
  decodeToken,
  type Invocation,
  type Signer,
  signDelegation,
  signerOf,
  signInvocation,
} from 'hanaper/ucan';

/** What every token here is about. */
export const command = '/package/sign';

/** The arguments that every policy here allows. */
export const args = { name: 'plugin.wasm', hash: 'ab'.repeat(32) };

/** A chain of delegations as bytes, and an invocation on it. */
export interface ChainOfTokens {
  readonly signers: readonly Signer[];
  readonly delegations: readonly Delegation[];
  readonly invocation: Invocation;
  /** Seconds since 1970. */
  readonly now: number;
}

const life = 86_400;

/** A new identity. */
export async function createSigner(): Promise<Signer> {
  return signerOf(await generatePrivateKey('ed25519'));
}

/** Makes so many delegations, each to the issuer of the next, and the invocation of the last one's audience. */
export async function createChain(length: number): Promise<ChainOfTokens> {
  const now = Math.floor(Date.now() / 1000);
  const expiration = now + life;
  const root = await createSigner();
  const signers = [root];
  const delegations: Delegation[] = [];
  let signer = root;
  for (let i = 0; i < length; i++) {
    const next = await createSigner();
    delegations.push(await delegate(signer, next.did, root.did, expiration));
    signers.push(next);
    signer = next;
  }
  const proofs = delegations.map(({ cid }) => cid);
  const invocation = await signInvocation(signer, { subject: root.did, command, args, proofs, expiration });
  return { signers, delegations, invocation, now };
}

/** A delegation with a policy of one statement. */
export function delegate(signer: Signer, audience: string, subject: string, expiration: number): Promise<Delegation> {
  const policy = [['==', '.name', args.name]];
  return signDelegation(signer, { audience, subject, command, policy, expiration });
}

/** The least that verifying these tokens takes: for each, its key imported, and its signature verified. */
export function bareVerification(tokens: readonly Uint8Array[]): () => void {
  const parts = tokens.map(decodeToken).map(({ issuer, envelope: { signed, signature } }) => ({
    key: Buffer.from(decodeDidKey(issuer).bytes),
    signed,
    signature,
  }));
  return () => {
    for (const { key, signed, signature } of parts) {
      const publicKey = createPublicKey({ key, format: 'raw-public', asymmetricKeyType: 'ed25519' });
      if (!verify(null, signed, publicKey, signature)) throw new Error('the bare verification failed');
    }
  };
}
