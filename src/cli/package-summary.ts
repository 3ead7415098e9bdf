import { type ErrorCode, HanaperError } from '../errors.ts';
import { exitCodes } from './exit-codes.ts';
import type { Outcome } from './output.ts';
import type { Target } from './package-target.ts';
import { explain } from './remedies.ts';

/** What became of one package of several. */
export type Fate<Done> =
  | { readonly target: Target; readonly done: Done }
  | { readonly target: Target; readonly refusal: HanaperError }
  | { readonly target: Target; readonly skipped: true };

/** How a summary is worded. */
export interface Wording<Done> {
  /** `signed` or `verified`: a word of the lines, and a member of the document. */
  readonly verb: 'signed' | 'verified';
  /** What a line says of a package that passed. */
  describe(done: Done): string;
  toDocument(done: Done): object;
  /** What stands below the lines. */
  readonly end: readonly string[];
}

/** The exit status of a command of which some files failed. */
const failedStatus = 3;
const aboutOneFile: readonly ErrorCode[] = [
  'package_unreadable',
  'package_empty',
  'too_large',
  'bad_input',
  'unavailable',
];
const aboutTrust: readonly ErrorCode[] = [
  'trust_tampered',
  'bundle_expired',
  'bundle_not_yet_valid',
  'bundle_rolled_back',
  'log_tampered',
  'log_rolled_back',
];

/** Runs the work on one package; a refusal that concerns that package alone is its fate. */
export async function tryTarget<Done>(target: Target, act: () => Promise<Done> | Done): Promise<Fate<Done>> {
  try {
    if (target.refusal) return { target, refusal: target.refusal };
    return { target, done: await act() };
  } catch (error) {
    if (error instanceof HanaperError && isAboutOneFile(error)) return { target, refusal: error };
    throw error;
  }
}

function isAboutOneFile({ code }: HanaperError): boolean {
  return aboutOneFile.includes(code) || (exitCodes[code] === failedStatus && !aboutTrust.includes(code));
}

/** Whether a package was refused. */
export function isRefused<Done>(fate: Fate<Done>): fate is Extract<Fate<Done>, { readonly refusal: HanaperError }> {
  return 'refusal' in fate;
}

/** Describes what became of several packages: one document, a line for each, and a failure where any failed. */
export function summarise<Done>(fates: readonly Fate<Done>[], wording: Wording<Done>): Outcome {
  const { verb, end } = wording;
  const refused = fates.filter(isRefused);
  const passed = fates.filter((fate) => 'done' in fate).length;
  const [first] = refused;
  return {
    document: {
      [verb]: passed,
      failed: refused.length,
      files: fates.map((fate) => toDocument(fate, wording)),
    },
    lines: [
      ...fates.map((fate) => toLine(fate, wording)),
      '',
      describeCount(verb, passed, refused.length, fates.length),
      ...(refused.length === 0 ? end : []),
    ],
    ...(first && { failure: { error: first.refusal, status: failedStatus } }),
  };
}

function describeCount(verb: string, passed: number, failed: number, all: number): string {
  const files = all === 1 ? '1 file' : `${all} files`;
  if (failed === 0) return `${files}, ${all === 1 ? '' : 'all '}${verb}.`;
  return `${files}: ${passed} ${verb}, ${failed} failed${passed + failed < all ? `, ${all - passed - failed} not tried` : ''}.`;
}

function toDocument<Done>(fate: Fate<Done>, { verb, toDocument: describe }: Wording<Done>): object {
  const { label: file } = fate.target;
  if ('done' in fate) return { file, [verb]: true, ...describe(fate.done) };
  if (!isRefused(fate)) return { file, [verb]: false, error: null };
  const { code, details } = fate.refusal;
  return { file, [verb]: false, error: { code, message: explain(fate.refusal), details } };
}

function toLine<Done>(fate: Fate<Done>, { verb, describe }: Wording<Done>): string {
  const { label } = fate.target;
  if ('done' in fate) return `${verb.padEnd(8)}  ${label}  ${describe(fate.done)}`;
  if (!isRefused(fate)) return `${'skipped'.padEnd(8)}  ${label}`;
  return `${'FAILED'.padEnd(8)}  ${label}  ${explain(fate.refusal)} (${fate.refusal.code})`;
}
