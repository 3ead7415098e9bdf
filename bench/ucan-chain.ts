import { DelegationCache, decodeDelegation, decodeInvocation, proofsFrom, validateInvocation } from 'hanaper/ucan';
import { verifier } from 'iso-signatures/verifiers/eddsa.js';
import { Resolver } from 'iso-signatures/verifiers/resolver.js';
import { Delegation as PeerDelegation } from 'iso-ucan/delegation';
import { Invocation as PeerInvocation } from 'iso-ucan/invocation';
import { compare, type Line, type Subject } from './line.ts';
import { alternate, timeOfOne } from './measure.ts';
import { bareVerification, type ChainOfTokens, createChain } from './tokens.ts';

const subject = 'ucan-chain';
const lengths = [1, 3, 10];
const rounds = 201;
const peerRounds = 15;
const batch = 10;
const warmUps = 500;
const bound = 1.25;
const seenBound = 1.5;
const peerBound = 0.1;

/** An invocation with its chain, from bytes: against the signatures that it contains, and against a peer. */
export const ucanChain: Subject = {
  name: subject,
  title: 'validation of an invocation with 1, 3 and 10 delegations, from bytes',
  async measure() {
    const lines: Line[] = [];
    for (const length of lengths) lines.push(...(await measureChain(length)));
    return lines;
  },
};

async function measureChain(length: number): Promise<readonly Line[]> {
  const chain = await createChain(length);
  const proofs = chain.delegations.map(({ bytes }) => bytes);
  const { bytes } = chain.invocation;
  const afresh = () => validate(chain, bytes, proofs.map(decodeDelegation));
  const cache = new DelegationCache();
  const seen = async () =>
    cache.keep(
      (
        await validate(
          chain,
          bytes,
          proofs.map((each) => cache.decode(each)),
        )
      ).path,
    );
  const bareAll = bareVerification([bytes, ...proofs]);
  const bareOne = bareVerification([bytes]);
  const signatures = `${length + 1} bare verifications`;
  // What a process does all day is compiled; what it does first is not what is measured here.
  for (let i = 0; i < warmUps; i++) await afresh();
  const whole = await alternate(rounds, [
    { name: `${length}: nothing seen before`, run: () => timeOfOne(batch, afresh) },
    { name: `node:crypto: ${signatures}`, run: () => timeOfOne(batch, bareAll) },
  ]);
  const repeated = await alternate(rounds, [
    { name: `${length}: its delegations seen before`, run: () => timeOfOne(batch, seen) },
    { name: 'node:crypto: one bare verification', run: () => timeOfOne(batch, bareOne) },
  ]);
  const beside = await alternate(peerRounds, [
    { name: `${length}: nothing seen before`, run: () => timeOfOne(batch, afresh) },
    { name: 'iso-ucan: the same', run: () => timeOfOne(1, () => validateByPeer(bytes, proofs)) },
  ]);
  return [
    ...compare(subject, whole, bound),
    ...compare(subject, repeated, seenBound),
    ...compare(subject, beside, peerBound),
  ];
}

function validate(
  { now }: ChainOfTokens,
  invocation: Uint8Array,
  proofs: readonly ReturnType<typeof decodeDelegation>[],
) {
  return validateInvocation(decodeInvocation(invocation), {
    resolveProof: proofsFrom(proofs),
    revocationsOf: () => [],
    now,
  });
}

const verifierResolver = new Resolver({ ...verifier });

async function validateByPeer(invocation: Uint8Array, proofs: readonly Uint8Array[]): Promise<void> {
  const delegations = new Map<string, PeerDelegation>();
  for (const bytes of proofs) {
    const delegation = await PeerDelegation.from({ bytes, verifierResolver });
    delegations.set(delegation.cid.toString(), delegation);
  }
  await PeerInvocation.from({
    bytes: invocation,
    verifierResolver,
    resolveProof: async (cid) => {
      const found = delegations.get(cid.toString());
      if (found) return found;
      throw new Error('the peer asked for another proof');
    },
  });
}
