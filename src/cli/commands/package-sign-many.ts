import { basename } from 'node:path';
import { compareText } from '../../compare-text.ts';
import { HanaperError } from '../../errors.ts';
import { hashPackage } from '../../package/hash-package.ts';
import type { ProofFilePlace } from '../../package/proof-file.ts';
import {
  checkSignaturePlace,
  reserveSignature,
  type SignatureFilePlace,
  signaturePathOf,
} from '../../package/signature-file.ts';
import type { Caller } from '../caller.ts';
import { requireListedHash } from '../listed-hash.ts';
import type { Outcome } from '../output.ts';
import { type Fate, isRefused, summarise, tryTarget } from '../package-summary.ts';
import type { Target } from '../package-target.ts';
import { gatherTargets } from '../package-targets.ts';
import type { Session } from '../session.ts';
import {
  executeSigning,
  prepareToSign,
  readExpiry,
  requireReadable,
  requireRoom,
  type SignedFile,
  type SignOptions,
  toDocument,
} from './package-sign.ts';

// As many share one transaction of the write queue, and hold their locks meanwhile.
const maxAtOnce = 64;

type Proving = typeof import('./package-proof.ts') | undefined;

interface Signed extends SignedFile {
  readonly proofPlace: ProofFilePlace | undefined;
}

interface Work {
  readonly session: Session;
  readonly caller: Caller;
  readonly options: SignOptions;
  readonly proving: Proving;
}

/** Signs several packages with one key. What can be found wrong with any of them is found before the passphrase is asked for. */
export async function signMany(session: Session, files: readonly string[], options: SignOptions): Promise<Outcome> {
  readExpiry(options);
  const proving = session.asksForProof ? await import('./package-proof.ts') : undefined;
  const targets = await gatherTargets(session, files, options);
  if (options.output !== undefined && targets.length > 1) throw outputOfMany();
  const checked: Fate<void>[] = [];
  for (const target of targets) checked.push(await tryTarget(target, () => check(session, target, options, proving)));
  if (checked.some(isRefused)) return describeNone(checked);
  const caller = await session.openWriter();
  const [first] = targets;
  if (first) await prepareToSign(session, caller, nameOf(first), options);
  const fates: Fate<Signed>[] = [];
  for (let from = 0; from < targets.length; from += maxAtOnce) {
    const some = targets.slice(from, from + maxAtOnce);
    fates.push(...(await signTogether({ session, caller, options, proving }, some)));
  }
  return describe(fates);
}

async function check(session: Session, target: Target, options: SignOptions, proving: Proving): Promise<void> {
  if (target.hash === undefined) requireReadable(target.path);
  await requireListedHash(target, session.progress);
  const output = outputOf(target, options);
  checkSignaturePlace(output);
  proving?.checkProofPlace(target.path, output);
}

// Locks are taken in one order, so that two commands over the same files wait for one another and never in a circle.
async function signTogether(work: Work, targets: readonly Target[]): Promise<readonly Fate<Signed>[]> {
  using stack = new DisposableStack();
  const ready: Fate<Reserved>[] = [];
  for (const target of targets.toSorted((one, other) => compareText(one.path, other.path))) {
    ready.push(await tryTarget(target, () => reserve(work, target, stack)));
  }
  const fates = await signReserved(work, ready);
  return targets.flatMap((target) => fates.filter((fate) => fate.target === target));
}

async function signReserved(work: Work, ready: readonly Fate<Reserved>[]): Promise<readonly Fate<Signed>[]> {
  const sign = async (fate: Fate<Reserved>): Promise<Fate<Signed>> =>
    'done' in fate ? tryTarget(fate.target, () => signOne(work, fate.target, fate.done)) : fate;
  // A server has limits on how much is asked of it at once; acts on a database share a transaction.
  const signed = work.session.remote ? await inTurn(ready, sign) : await Promise.all(ready.map(sign));
  return inTurn(signed, async (fate) => ('done' in fate ? tryTarget(fate.target, () => prove(work, fate.done)) : fate));
}

async function inTurn<From, To>(all: readonly From[], act: (each: From) => Promise<To>): Promise<readonly To[]> {
  const results: To[] = [];
  for (const each of all) results.push(await act(each));
  return results;
}

interface Reserved {
  readonly hash: string;
  readonly output: string;
  readonly place: SignatureFilePlace;
  readonly proofPlace: ProofFilePlace | undefined;
}

async function reserve(
  { session, caller, options, proving }: Work,
  target: Target,
  stack: DisposableStack,
): Promise<Reserved> {
  const output = outputOf(target, options);
  const hash = target.hash ?? (await hashPackage(target.path, session.progress));
  const place = stack.use(await reserveSignature(output));
  const proofPlace = proving && stack.use(await proving.reserveProof(target.path, output));
  await requireRoom(session, caller, options, proofPlace ? [place, proofPlace] : [place]);
  return { hash, output, place, proofPlace };
}

async function signOne(
  { session, caller, options }: Work,
  target: Target,
  { hash, output, place, proofPlace }: Reserved,
): Promise<Signed> {
  const signed = await executeSigning(session, caller, { hash, name: nameOf(target) }, options);
  place.add(signed.signature);
  return { hash, output, stored: options.store ?? false, signed, proofPlace };
}

async function prove({ session, caller, proving }: Work, signed: Signed): Promise<Signed> {
  if (!proving || !signed.proofPlace) return signed;
  return { ...signed, proof: await proving.writeProof(session, caller, signed.signed.signature, signed.proofPlace) };
}

function nameOf({ name, path }: Target): string {
  return name ?? basename(path);
}

function outputOf({ path }: Target, { output }: SignOptions): string {
  return output ?? signaturePathOf(path);
}

// A release is signed whole or not at all, as far as that can be known before.
function describeNone(checked: readonly Fate<void>[]): Outcome {
  const fates = checked.map((fate): Fate<Signed> => (isRefused(fate) ? fate : { target: fate.target, skipped: true }));
  return describe(fates);
}

function describe(fates: readonly Fate<Signed>[]): Outcome {
  return summarise(fates, {
    verb: 'signed',
    describe: ({ output, signed: { organisation, key } }) => `by ${organisation} with its key ${key}: ${output}`,
    toDocument,
    end: ['', 'Next: ship each signature file beside its file. A consumer verifies them with: hanaper verify FILE…'],
  });
}

function outputOfMany(): HanaperError {
  return new HanaperError('usage', '--output names the signature file of one file: those of several go beside them.', {
    option: '--output',
  });
}
