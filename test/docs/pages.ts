/** The documents, and the code blocks in them. */
import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The folder of the project, with a slash at its end. */
export const root: string = fileURLToPath(new URL('../../', import.meta.url));

/** One fenced block of code. */
export interface Block {
  readonly page: string;
  /** The line of its first line of code, from 1. */
  readonly line: number;
  readonly language: string;
  readonly lines: readonly string[];
  /** Whether a comment before it says that it is not run. */
  readonly notRun: boolean;
}

/** Every document, by its path in the project. */
export function listPages(): readonly string[] {
  return [...globSync('*.md', { cwd: root }), ...globSync('docs/**/*.md', { cwd: root })].toSorted();
}

/** The text of a document. */
export function readPage(page: string): string {
  return readFileSync(root + page, 'utf8');
}

/** The code blocks of a document, in their order. */
export function readBlocks(page: string): readonly Block[] {
  const lines = readPage(page).split('\n');
  const blocks: Block[] = [];
  for (let start = 0; start < lines.length; start++) {
    const [, indent = '', language = ''] = /^( *)```(\w*)$/.exec(lines[start] ?? '') ?? [undefined];
    if (!(lines[start] ?? '').trim().startsWith('```')) continue;
    const end = lines.indexOf(`${indent}\`\`\``, start + 1);
    if (end < 0) throw new Error(`${page}:${start + 1}: a block without an end`);
    const code = lines.slice(start + 1, end).map((line) => line.slice(indent.length));
    blocks.push({ page, line: start + 2, language, lines: code, notRun: isMarked(lines[start - 1] ?? '') });
    start = end;
  }
  return blocks;
}

/** The texts of a page's blocks of one language. */
export function readTexts(page: string, language: string): readonly string[] {
  return readBlocks(page)
    .filter((block) => block.language === language)
    .map(({ lines }) => lines.join('\n'));
}

/** The rows of the tables under a heading, as cells without their backquotes; the headings of the tables are left out. */
export function readTable(page: string, heading: string): readonly (readonly string[])[] {
  return readSection(page, heading)
    .split('\n')
    .filter((line, index, lines) => line.startsWith('|') && !/^\|[-|]+$/.test(lines[index + 1] ?? ''))
    .filter((line) => !/^\|[-|]+$/.test(line))
    .map((line) =>
      line
        .slice(1, -1)
        .split(/(?<!\\)\|/)
        .map((cell) => cell.trim().replaceAll('`', '')),
    );
}

/** The text between a heading (`## Codes`) and the next one of its level or above. */
export function readSection(page: string, heading: string): string {
  const text = readPage(page);
  const start = text.indexOf(`${heading}\n`);
  if (start < 0) throw new Error(`${page} has no heading "${heading}"`);
  const level = heading.indexOf(' ');
  const rest = text.slice(start + heading.length);
  const next = rest.search(new RegExp(`^#{1,${level}} `, 'm'));
  return next < 0 ? rest : rest.slice(0, next);
}

function isMarked(line: string): boolean {
  return /^\s*<!-- not run: .+ -->$/.test(line);
}
