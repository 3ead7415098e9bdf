import { spawnSync } from 'node:child_process';
import { checkCommandsPage } from './commands-page.ts';
import { checkEdges } from './edges.ts';
import { checkExportedNames } from './exported-names.ts';
import { checkFigures } from './figures.ts';
import { checkRooms } from './rooms.ts';
import { checkText } from './text.ts';

/** `npm run check`: everything that can be said about the project without running it. */
const update = process.argv.includes('--update');
const failed: string[] = [];

run('lint', ['biome', 'check', '--error-on-warnings', '.']);
run('types', ['tsc', '--noEmit']);
run('types of tests and tools', ['tsc', '--noEmit', '-p', 'tsconfig.tools.json']);
run('unused code', ['knip']);
run('packaging', ['publint', '--strict']);
report('exported names', checkExportedNames(update));
report('page of commands', checkCommandsPage(update));
report('figures', checkFigures());
report('rooms', checkRooms());
report('edges', checkEdges());
report('text', checkText());

console.log(failed.length === 0 ? 'Everything holds.' : `Failed: ${failed.join(', ')}.`);
process.exitCode = failed.length === 0 ? 0 : 1;

function run(title: string, [command = '', ...args]: readonly string[]): void {
  console.log(`${title}: ${command} ${args.join(' ')}`);
  const { status } = spawnSync(`node_modules/.bin/${command}`, args, { stdio: 'inherit' });
  if (status !== 0) failed.push(title);
}

function report(title: string, problems: readonly string[]): void {
  console.log(title);
  for (const problem of problems) console.log(`  ${problem}`);
  if (problems.length > 0) failed.push(title);
}
