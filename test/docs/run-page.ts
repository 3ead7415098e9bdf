/** Runs a document: its blocks as one script, with the built executable, in a folder and a HOME of its own. */
import { type ExecFileException, execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, inject } from 'vitest';
import { writePageScript } from './page-script.ts';
import { type Block, root } from './pages.ts';

const sqlRunner = fileURLToPath(new URL('children/run-sql.ts', import.meta.url));
const timeout = 550_000;

/** Runs the blocks of one page, and checks what was printed against what the page shows. */
export async function runPage(
  blocks: readonly Block[],
  environment: Readonly<Record<string, string>> = {},
): Promise<void> {
  if (!existsSync(join(root, 'dist/bin/main.cjs'))) throw new Error('Run "npm run build" before the document tests.');
  const folder = mkdtempSync(join(tmpdir(), 'hanaper-docs-'));
  try {
    const place = preparePlace(folder);
    const script = writePageScript(blocks, place.outputs, `'${process.execPath}' '${sqlRunner}'`);
    const { status, said } = await runScript(script.text, place, environment);
    expect(status, describeFailure(blocks, place.outputs, said)).toBe(0);
    for (const { output, line, lines } of script.expectations) {
      const printed = readFileSync(join(place.outputs, output), 'utf8');
      expectPrinted(printed, lines, `${blocks[0]?.page}:${line}`);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

function runScript(
  script: string,
  { work, home, path }: Place,
  environment: Readonly<Record<string, string>>,
): Promise<{ readonly status: unknown; readonly said: string }> {
  const env = { PATH: path, HOME: home, XDG_CACHE_HOME: inject('cacheFolder'), LANG: 'C.UTF-8', ...environment };
  return new Promise((resolve) => {
    const options = { cwd: work, encoding: 'utf8', env, timeout } as const;
    const answer = (error: ExecFileException | null, stdout: string, stderr: string) =>
      resolve({ status: error === null ? 0 : (error.code ?? error.signal), said: stdout + stderr });
    execFile('bash', ['-c', script], options, answer).stdin?.end();
  });
}

interface Place {
  readonly work: string;
  readonly home: string;
  readonly outputs: string;
  readonly path: string;
}

// `hanaper` is the built executable and, for the programs of a page, a dependency that is installed.
function preparePlace(folder: string): Place {
  const [work = '', home = '', outputs = '', bin = ''] = ['work', 'home', 'outputs', 'bin'].map((name) => {
    mkdirSync(join(folder, name));
    return join(folder, name);
  });
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(root, join(folder, 'node_modules/hanaper'), 'dir');
  // What a page uses to make a plugin.
  symlinkSync(join(root, 'node_modules/@rollup'), join(folder, 'node_modules/@rollup'), 'dir');
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }\n');
  symlinkSync(join(root, 'bin/hanaper.cjs'), join(bin, 'hanaper'));
  const programs = join(root, 'node_modules/.bin');
  const path = [bin, dirname(process.execPath), programs, process.env['PATH'] ?? ''].join(delimiter);
  return { work, home, outputs, path };
}

function describeFailure(blocks: readonly Block[], outputs: string, said: string): string {
  const at = existsSync(join(outputs, 'at')) ? readFileSync(join(outputs, 'at'), 'utf8').trim() : '?';
  const printed = Array.from({ length: 100 }, (_, index) => join(outputs, `${index}.txt`)).findLast(existsSync);
  return `${blocks[0]?.page}:${at}\n${said}\n${printed === undefined ? '' : readFileSync(printed, 'utf8')}`;
}

function expectPrinted(printed: string, lines: readonly string[], where: string): void {
  const actual = printed.split('\n').map(collapse);
  let from = 0;
  for (const line of lines.map(collapse).filter((each) => each !== '')) {
    const pattern = new RegExp(`^${line.split('…').map(RegExp.escape).join('.*')}$`, 'u');
    const found = actual.findIndex((each, index) => index >= from && pattern.test(each));
    expect(found, `${where} shows "${line}", and this was printed:\n${printed}`).toBeGreaterThanOrEqual(0);
    from = found + 1;
  }
}

function collapse(line: string): string {
  return line.replaceAll(/\s+/g, ' ').trim();
}
