import { decodeUtf8 } from '../bytes.ts';
import type { Secret } from '../crypto/secret.ts';
import { HanaperError } from '../errors.ts';

/** How hard a passphrase is to guess. */
export interface PassphraseStrength {
  /** From 0 (guessed at once) to 4 (very strong), as zxcvbn scores; 3 and above are accepted. */
  readonly score: number;
  /** Why it is weak, in words; empty where nothing was found. */
  readonly reasons: readonly string[];
}

const enough = 3;
// The estimate takes more than linear time, and what follows can only make a passphrase stronger.
const estimatedCharacters = 64;

/** Estimates the strength of a prepared passphrase with zxcvbn, from its first 64 characters. */
export async function estimateStrength(passphrase: Secret): Promise<PassphraseStrength> {
  const [{ ZxcvbnFactory }, common, english] = await Promise.all([
    import('@zxcvbn-ts/core'),
    import('@zxcvbn-ts/language-common'),
    import('@zxcvbn-ts/language-en'),
  ]);
  const estimator = new ZxcvbnFactory({
    dictionary: { ...common.dictionary, ...english.dictionary },
    graphs: common.adjacencyGraphs,
    translations: english.translations,
  });
  const text = decodeUtf8(passphrase.bytes) ?? '';
  const { score, feedback } = estimator.check(Array.from(text).slice(0, estimatedCharacters).join(''));
  return { score, reasons: [feedback.warning ?? '', ...feedback.suggestions].filter((reason) => reason !== '') };
}

/**
 * Refuses a passphrase that is easily guessed.
 *
 * @throws HanaperError `weak_passphrase`
 */
export async function requireStrongPassphrase(passphrase: Secret): Promise<void> {
  requireStrength(await estimateStrength(passphrase));
}

/** Whether a passphrase of this strength is accepted. */
export function isStrongEnough({ score }: PassphraseStrength): boolean {
  return score >= enough;
}

/**
 * Refuses the strength of a passphrase that is easily guessed.
 *
 * @throws HanaperError `weak_passphrase`
 */
export function requireStrength(strength: PassphraseStrength): void {
  if (isStrongEnough(strength)) return;
  const { score, reasons } = strength;
  throw new HanaperError('weak_passphrase', `${describeWeakness(strength)} Several random words make a strong one.`, {
    score,
    needed: enough,
    reasons,
  });
}

/** Says why a passphrase is too weak. */
export function describeWeakness({ score, reasons }: PassphraseStrength): string {
  const why = reasons.length > 0 ? ` ${reasons.join(' ')}` : '';
  return `This passphrase is too easy to guess (strength ${score} of 4; ${enough} is needed).${why}`;
}
