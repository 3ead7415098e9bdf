import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { temporaryFile, temporaryFolder } from '../support/fixtures.ts';

const loader = new URL('../../src/loader/index.ts', import.meta.url).href;
const plugin = `import { createRequire } from 'node:module';
export const url = import.meta.url;
export const eol = createRequire(import.meta.url)('os').EOL;`;

// What Node says of its cache of compiled code, and the URL under which the package ran.
function loadOnce(cache: Readonly<Record<string, string>>, statement: string, path: string) {
  const script = `${statement}
    const { createLoader } = await import(${JSON.stringify(loader)});
    const { exports } = await createLoader().load(process.argv[1]);
    console.log(exports.url);`;
  const flags = ['--conditions=source', '--input-type=module', '--eval', script, '--', path];
  const env = { PATH: process.env['PATH'], NODE_DEBUG_NATIVE: 'COMPILE_CACHE', ...cache };
  const { stdout, stderr } = spawnSync(process.execPath, flags, { encoding: 'utf8', env });
  return `${stdout}${stderr}`.split('\n');
}

describe('nothing of a package is taken from Node’s cache of compiled code', () => {
  test.each([
    ['NODE_COMPILE_CACHE', (folder: string) => ({ NODE_COMPILE_CACHE: folder }), () => ''],
    [
      'enableCompileCache',
      () => ({}),
      (folder: string) => `(await import('node:module')).enableCompileCache(${JSON.stringify(folder)});`,
    ],
  ])('that %s switches on', (_, environment, statement) => {
    const folder = join(temporaryFolder(), 'cache');
    const path = temporaryFile('plugin.mjs', plugin);
    const [first, second] = [1, 2].map(() => loadOnce(environment(folder), statement(folder), path));
    const taken = (second ?? []).filter((line) => line.includes('was accepted'));
    expect(taken.some((line) => line.includes('create-loader.ts'))).toBe(true);
    expect(taken.filter((line) => line.includes('hanaper:') || line.includes('hanaper-loader:'))).toEqual([]);
    const urls = [first, second].map((lines) => lines?.find((line) => line.startsWith('hanaper:')));
    expect(urls[0]).not.toBe(urls[1]);
  });
});
