/** SerialQueue the blocks of a document into one bash script. The conventions are those of CONTRIBUTING.md, "Documents are run". */
import { version } from '../../src/version.ts';
import type { Block } from './pages.ts';
import { readSteps, type Step, workflowFileOf } from './workflow.ts';

/** What a command must have printed. */
interface Expectation {
  /** The line of the command in its document. */
  readonly line: number;
  /** The name of the file that its output went to. */
  readonly output: string;
  readonly lines: readonly string[];
}

/** A script, and what is to be looked at after it was run. */
export interface PageScript {
  readonly text: string;
  readonly expectations: readonly Expectation[];
}

/** Commands that continuous integration runs itself, or a test of the installation. */
export const leftToIntegration: readonly string[] = [
  'npm install -g hanaper',
  `npm install -g hanaper@${version}`,
  'npm ci && bin/hanaper.cjs --version',
  'npm ci && npm run demo',
  'npm ci && npm test',
];

// What a page leaves running in the background ends with it, and is waited for.
const stopAtEnd = "trap 'kill $(jobs -p) 2>/dev/null || true; wait' EXIT";

// What is stored at GitHub or GitLab is given to their jobs: here both stand in the same shell.
const forges = [
  'gh() { export "$3=$(cat)"; }',
  `glab() { if [ "\${4-}" = --type ]; then cat > "$HOME/$3"; export "$3=$HOME/$3"; else export "$3=$(cat)"; fi; }`,
  'export RUNNER_TEMP="$HOME"',
];

const exits = /\s+# exits (\d+)(?:: ([a-z_]+))?$/;

/**
 * The script of a page. `outputs` is the folder for what commands print, `sql` the command that runs a file of SQL.
 * It tells in the file `at` of that folder how far it came.
 */
export function writePageScript(blocks: readonly Block[], outputs: string, sql: string): PageScript {
  const writer = new ScriptWriter(outputs, sql);
  for (const block of blocks.filter(({ notRun }) => !notRun)) writer.addBlock(block);
  return { text: writer.text, expectations: writer.expectations };
}

/** The name of the file that a block is written to, if its first line says so. */
export function fileNameOf({ language, lines }: Block): string | undefined {
  return /^(js|ts)$/.test(language) ? /^\/\/ ([\w-]+\.\w+)$/.exec(lines[0] ?? '')?.[1] : undefined;
}

class ScriptWriter {
  readonly expectations: Expectation[] = [];
  readonly #outputs: string;
  readonly #sql: string;
  readonly #lines: string[] = ['set -euo pipefail', stopAtEnd, ...forges];

  constructor(outputs: string, sql: string) {
    this.#outputs = outputs;
    this.#sql = sql;
  }

  get text(): string {
    return `${this.#lines.join('\n')}\n`;
  }

  addBlock(block: Block): void {
    if (block.language === 'sh') this.#addShell(block);
    if (block.language === 'console') this.#addConsole(block);
    if (block.language === 'sql') this.#addSql(block);
    if (workflowFileOf(block) !== undefined) this.#addWorkflow(block);
    const file = fileNameOf(block);
    if (file !== undefined) this.#addFile(file, block.lines);
  }

  #addShell(block: Block): void {
    this.#lines.push(this.#note(block.line));
    for (const [index, line] of block.lines.entries()) {
      if (exits.test(line)) this.#addCommand(line, block.line + index, []);
      else if (line.startsWith('npm ')) requireLeftToIntegration(line);
      else this.#lines.push(line);
    }
  }

  #addConsole(block: Block): void {
    const starts = block.lines.flatMap((line, index) => (line.startsWith('$ ') ? [index] : []));
    for (const [which, start] of starts.entries()) {
      const printed = block.lines.slice(start + 1, starts[which + 1]);
      this.#addCommand((block.lines[start] ?? '').slice(2), block.line + start, printed);
    }
  }

  // In a group, not in a subshell: "cd" and "export" last.
  #addCommand(command: string, line: number, printed: readonly string[]): void {
    const [, status = '0', code] = exits.exec(command) ?? [];
    const output = `${this.expectations.length}.txt`;
    const target = quote(`${this.#outputs}/${output}`);
    const bare = command.replace(exits, '');
    this.expectations.push({ line, output, lines: code === undefined ? printed : [...printed, `…${code}…`] });
    this.#lines.push(this.#note(line));
    if (status === '0') this.#lines.push(`{ ${bare}`, `} > ${target} 2>&1`);
    else {
      const failure = `echo ${quote(`${bare}: expected the status ${status}, not`)} "$status" >&2; exit 1;`;
      this.#lines.push('status=0', `{ ${bare}`, `} > ${target} 2>&1 || status=$?`);
      this.#lines.push(`if [ "$status" != ${status} ]; then ${failure} fi`);
    }
  }

  #addSql({ lines, line }: Block): void {
    const file = quote(`${this.#outputs}/${line}.sql`);
    this.#lines.push(this.#note(line), `cat > ${file} <<'END_OF_SQL'`, ...lines, 'END_OF_SQL', `${this.#sql} ${file}`);
  }

  // Each step in a shell of its own, as a runner has it.
  #addWorkflow(block: Block): void {
    for (const step of readSteps(block)) {
      const lines = step.lines.filter((line) => !line.startsWith('npm ') || requireLeftToIntegration(line));
      this.#lines.push(this.#note(block.line), '( set -e', ...writeEnvironment(step), ...lines, ')');
    }
  }

  #addFile(file: string, lines: readonly string[]): void {
    this.#lines.push(`cat > ${quote(file)} <<'END_OF_FILE'`, ...lines, 'END_OF_FILE');
  }

  #note(line: number): string {
    return `echo ${line} > ${quote(`${this.#outputs}/at`)}`;
  }
}

// A secret or a variable that is stored at the forge is one of this shell.
function writeEnvironment({ env }: Step): readonly string[] {
  return Object.entries(env).map(([name, value]) => {
    const [, stored] = /^\$\{\{ (?:secrets|vars)\.(\w+) \}\}$/.exec(value) ?? [];
    if (stored === undefined && value.includes('${{')) throw new Error(`${name}: ${value} is known to a runner only`);
    return stored === undefined ? `export ${name}=${quote(value)}` : `export ${name}="$${stored}"`;
  });
}

function requireLeftToIntegration(line: string): false {
  const command = line.replace(/\s+#.*$/, '');
  if (!leftToIntegration.includes(command)) throw new Error(`"${command}" is neither run nor left to integration`);
  return false;
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
