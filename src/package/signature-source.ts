import { requireRefusal } from '../attempt.ts';
import { HanaperError } from '../errors.ts';
import { requireKnownOptions } from '../options.ts';
import type { PackageSignature } from '../signature/document.ts';
import type { Candidate } from '../signature/verify.ts';
import type { TrustMaterial } from '../trust/source.ts';
import { type TrustCase, type TrustVerdict, verifyByTrust } from '../trust/verify.ts';
import { readCandidates, signaturePathOf } from './signature-file.ts';

/**
 * Where a package's signatures are looked for. `auto` is the union of the `.sig` file beside it and the database;
 * `file-first` is the `.sig` file alone where it holds a signature, good or bad, and otherwise the database.
 */
export type SignatureSource =
  | { readonly kind: 'database' }
  | { readonly kind: 'detached'; readonly path: string }
  | { readonly kind: 'auto' }
  | { readonly kind: 'file-first' };

/**
 * Refuses a source of signatures of another kind than the four, or with an unknown member.
 *
 * @throws HanaperError `bad_config`
 */
export function requireSignatureSource(source: SignatureSource | undefined): void {
  if (source === undefined) return;
  requireKnownOptions<{ kind: string; path?: string }>('source', source, { kind: true, path: true });
  if (source.kind === 'auto' || source.kind === 'file-first' || source.kind === 'database') return;
  if (source.kind === 'detached' && typeof source.path === 'string') return;
  throw new HanaperError(
    'bad_config',
    "Signatures come from { kind: 'auto' }, { kind: 'file-first' }, { kind: 'database' } or { kind: 'detached', path: 'FILE' }.",
    { field: 'source' },
  );
}

/** Reads the candidates of the `.sig` file beside a package; none where the source does not look there. */
export function readBeside(path: string, { kind }: SignatureSource): readonly Candidate[] {
  return kind === 'auto' || kind === 'file-first' ? readCandidates(signaturePathOf(path)) : [];
}

/**
 * Lists the candidates of a source, in the order in which they are tried.
 *
 * @param beside those of the `.sig` file beside the package
 * @param proven those that proofs hold
 */
export function gatherCandidates(
  source: SignatureSource,
  beside: readonly Candidate[],
  { signatures: stored }: TrustMaterial,
  proven: readonly Candidate[],
): readonly Candidate[] {
  switch (source.kind) {
    case 'database':
      return [...stored, ...proven];
    case 'detached':
      return [...readCandidates(source.path), ...proven];
    case 'auto':
      return [...beside, ...stored, ...proven];
    case 'file-first':
      return beside.length > 0 ? beside : [...stored, ...proven];
  }
}

/**
 * Returns why no signature beside a package counts, where one from elsewhere was accepted; `undefined` where one counts, or
 * where nothing is beside it.
 *
 * @param beside the case, with the candidates of the `.sig` file alone
 */
export async function findProblemBeside(
  { accepted }: TrustVerdict,
  beside: TrustCase,
): Promise<HanaperError | undefined> {
  const { candidates, material } = beside;
  if (candidates.length === 0 || accepted.some(({ signature }) => holds(candidates, signature))) return undefined;
  try {
    // No policy asks anything here: one good signature is enough for a good file.
    await verifyByTrust({ ...beside, material: { ...material, policy: null } });
    return undefined;
  } catch (error) {
    return requireRefusal(error);
  }
}

function holds(candidates: readonly Candidate[], signature: PackageSignature): boolean {
  return candidates.some((candidate) => 'signature' in candidate && candidate.signature === signature);
}
