import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const prose = /\.md$|^(src|bin|bench|demo|scripts|test)\/.*\.ts$/;

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

// Phrases that nobody would say, and what to write instead. CONTRIBUTING.md has the rule.
const phrases: readonly { pattern: RegExp; instead: string }[] = [
  { pattern: /\bwhoever\b/gi, instead: 'anyone who, or the role: the caller, the verifier' },
  { pattern: /\bwho\s+has\s+none\b/gi, instead: 'a caller without' },
  { pattern: /\bwho\s+has\s+but\b/gi, instead: 'who only has' },
  { pattern: /\b(what|nothing|everything\s+that)\s+stands\s+behind\b/gi, instead: 'what follows' },
  { pattern: /\b(is|are)\s+none\b/gi, instead: 'is not a valid, no … exists' },
  { pattern: /\bcomes?\s+to\s+be\b|\bwhat\s[a-z\s]{1,40}\scomes?\s+to\b/gi, instead: 'results in' },
  { pattern: /\bholds?\s+[^.|]{0,40}\bagainst\b|\bheld\s+against\b/gi, instead: 'is checked against' },
  { pattern: /\b(tells?|told)\s+of\b/gi, instead: 'reports' },
  { pattern: /\bat\s+hand\b/gi, instead: 'local' },
  { pattern: /\bends\s+to\s+be\b/gi, instead: 'expires' },
  { pattern: /\bby\s+hand\s+of\b/gi, instead: 'by' },
  { pattern: /\b(comes?|came)\s+of\s+it\b/gi, instead: 'its result' },
  { pattern: /\bnobody's\s+word\b/gi, instead: 'is not signed, is ignored' },
  { pattern: /\bthere\s+is\s+none\s+that\b/gi, instead: 'no … does' },
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
  if (rules.length === 0 && !prose.test(path)) return [];
  const text = readFileSync(path, 'utf8');
  return [
    ...rules.filter(({ pattern }) => pattern.test(text)).map(({ reason }) => `${path}: ${reason}`),
    ...(prose.test(path) ? findPhrases(path, text) : []),
  ];
}

function findPhrases(path: string, text: string): readonly string[] {
  const read = path === 'CONTRIBUTING.md' ? withoutExamples(text) : joinComments(text);
  return phrases.flatMap(({ pattern, instead }) =>
    [...read.matchAll(pattern)].map(
      ({ 0: phrase, index }) => `${path}:${lineAt(read, index)}: for "${phrase}" write: ${instead}`,
    ),
  );
}

// A comment goes on over the end of its line: each mark before its next line becomes as many spaces.
function joinComments(text: string): string {
  return text.replaceAll(/(?<=\n[ \t]*)(\/\/|\*(?!\/)|#)(?= )/g, (mark) => ' '.repeat(mark.length));
}

// The table of the phrases themselves, which has to name them.
function withoutExamples(text: string): string {
  return text.replace(/^\| instead of[\s\S]*?\n\n/m, (table) => table.replaceAll(/[^\n]/g, ' '));
}

function lineAt(text: string, index: number): number {
  return text.slice(0, index).split('\n').length;
}
