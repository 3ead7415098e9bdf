import { globSync, readFileSync } from 'node:fs';
import { root } from './pages.ts';

/** The text of all sources, and of what starts the executable. */
export function readAllSources(): string {
  const files = [...globSync('src/**/*.ts', { cwd: root }), ...globSync('bin/*.cjs', { cwd: root })];
  return files.map((file) => readFileSync(root + file, 'utf8')).join('\n');
}

/** The text of one source. */
export function readSource(path: string): string {
  return readFileSync(root + path, 'utf8');
}

/** What a pattern matches in a text, each once, sorted. */
export function findAll(text: string, pattern: RegExp): readonly string[] {
  return [...new Set(text.match(pattern) ?? [])].toSorted();
}
