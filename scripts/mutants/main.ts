/**
 * `npm run mutants [-- TEXT]`: makes each change of the list (or those whose file or sentence holds TEXT) in a copy of the
 * project, one at a time, runs the tests that are to notice, and names the survivors.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { mutants } from './list.ts';
import type { Mutant } from './mutant.ts';

const [wanted = ''] = process.argv.slice(2);
const chosen = mutants.filter(({ file, breaks }) => `${file} ${breaks}`.includes(wanted));
const copy = mkdtempSync(join(tmpdir(), 'hanaper-mutants-'));
process.on('exit', () => rmSync(copy, { recursive: true, force: true }));
process.on('SIGINT', () => process.exit(130));

for (const name of ['bin', 'dist', 'docs', 'src', 'test', 'package.json', 'tsconfig.json', 'vitest.config.ts']) {
  cpSync(name, join(copy, name), { recursive: true });
}
symlinkSync(resolve('node_modules'), join(copy, 'node_modules'));

console.log(`The tests without any change: ${new Set(chosen.flatMap(({ tests }) => tests)).size} files.`);
if (
  !passes(
    chosen.flatMap(({ tests }) => tests),
    'inherit',
  )
) {
  throw new Error('They do not pass: nothing can be said of changes.');
}

const survivors = chosen.filter((mutant, index) => {
  const isKilled = !withMutant(mutant, () => passes(mutant.tests));
  console.log(`${isKilled ? 'killed  ' : 'SURVIVED'} ${index + 1}/${chosen.length} ${mutant.file}: ${mutant.breaks}`);
  return !isKilled;
});
console.log(
  `${chosen.length - survivors.length} of ${chosen.length} killed; survivors: ${survivors.length || 'none'}.`,
);
process.exitCode = survivors.length === 0 ? 0 : 1;

function withMutant<Result>({ file, from, to }: Mutant, act: () => Result): Result {
  const path = join(copy, file);
  const source = readFileSync(path, 'utf8');
  const [before, after, ...others] = source.split(from);
  if (before === undefined || after === undefined || others.length > 0) {
    throw new Error(`${file} does not hold this exactly once: ${from}`);
  }
  // What does not even parse would be killed by every test.
  stripTypeScriptTypes(before + to + after);
  writeFileSync(path, before + to + after);
  try {
    return act();
  } finally {
    writeFileSync(path, source);
  }
}

function passes(tests: readonly string[], stdio: 'ignore' | 'inherit' = 'ignore'): boolean {
  const args = ['--no-warnings', 'node_modules/vitest/vitest.mjs', 'run', '--bail', '1', ...new Set(tests)];
  const { status, error } = spawnSync(process.execPath, args, { cwd: copy, stdio });
  if (error) throw error;
  return status === 0;
}
