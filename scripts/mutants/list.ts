import { authorityMutants } from './authority.ts';
import { keyMutants } from './keys.ts';
import { logMutants } from './log.ts';
import type { Mutant } from './mutant.ts';
import { signatureMutants } from './signatures.ts';
import { tokenMutants } from './tokens.ts';

/** Changes over all files that security rests on. */
export const mutants: readonly Mutant[] = [
  ...keyMutants,
  ...signatureMutants,
  ...tokenMutants,
  ...logMutants,
  ...authorityMutants,
];
