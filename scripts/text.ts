import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

// What has no place in any file of the project, each with its reason.
const forbidden: readonly { pattern: RegExp; reason: string; only?: RegExp }[] = [
  { pattern: /"resolved":\s*"http/, reason: 'the lock file names a registry', only: /^package-lock\.json$/ },
  { pattern: /\b(describe|it|test)\.(skip|only|todo|fails)\(/, reason: 'a test that does not run', only: /^test\// },
  { pattern: /@ts-(ignore|nocheck|expect-error)/, reason: 'a type check switched off', only: /\.ts$/ },
  { pattern: /\b(TODO|FIXME|XXX|HACK)\b/, reason: 'work left in a comment', only: /^(src|bin|bench|demo)\// },
  {
    pattern: /Secret\.adopt\(/,
    reason: 'a secret is allocated by secret-bytes.ts from the start, and held; adopting it is for programs',
    only: /^src\/(?!crypto\/secret\.ts|http\/setup\/strength-worker\.ts)/,
  },
  {
    pattern: /as SecretBytes\b/,
    reason: 'what allocates secrets is secret-bytes.ts alone',
    only: /^src\/(?!secret-bytes\.ts)/,
  },
];

/** Looks through every committed file for what must not be in it. */
export function checkText(): readonly string[] {
  const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { encoding: 'utf8' });
  return files
    .split('\n')
    .filter((path) => path !== '' && !path.startsWith('test/vectors/') && path !== 'scripts/text.ts')
    .flatMap(checkFile);
}

function checkFile(path: string): readonly string[] {
  const rules = forbidden.filter(({ only }) => only === undefined || only.test(path));
  if (rules.length === 0) return [];
  const text = readFileSync(path, 'utf8');
  return rules.filter(({ pattern }) => pattern.test(text)).map(({ reason }) => `${path}: ${reason}`);
}
