import { enableCompileCache } from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Runs the bundled command line, with its compiled code kept for the next start in a folder of the user's own: never in a shared one. */
export async function start() {
  enableCompileCache(join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'hanaper', 'compile-cache'));
  await import('../dist/bin/main.js');
}
