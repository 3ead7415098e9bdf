import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { quote, say } from './tell.ts';

const project = fileURLToPath(new URL('..', import.meta.url));

/** Packs this project as `npm publish` would, without running any script, and returns the tarball's path. */
export function packThisProject(folder: string): string {
  say('\n  $ npm pack --ignore-scripts');
  const args = ['pack', '--ignore-scripts', '--json', '--pack-destination', folder];
  const { status, stdout, stderr } = spawnSync('npm', args, { cwd: project, encoding: 'utf8' });
  if (status !== 0) throw new Error(`npm pack failed: ${stderr}`);
  const filename = readFilename(JSON.parse(stdout));
  quote(filename);
  return join(folder, filename);
}

// npm prints a list of packages; some versions, an object keyed by package name.
function readFilename(packed: unknown): string {
  const [first] = Object.values(packed as Record<string, { filename?: unknown }>);
  if (typeof first?.filename === 'string') return first.filename;
  throw new Error('npm pack named no file');
}
