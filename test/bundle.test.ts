import { builtinModules } from 'node:module';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../', import.meta.url));
const rooms = [
  'errors.ts',
  'bytes.ts',
  'crypto/index.ts',
  'did/index.ts',
  'signature/index.ts',
  'ucan/index.ts',
  'vault/index.ts',
  'log/index.ts',
  'trust/index.ts',
  'client/index.ts',
];

async function bundle(room: string) {
  const warnings: string[] = [];
  const build = await rolldown({
    input: `${root}src/${room}`,
    platform: 'browser',
    external: /^#crypto\//,
    onLog: (_, { message }) => void warnings.push(message),
  });
  const { output } = await build.generate({ format: 'esm' });
  await build.close();
  const chunks = output.filter((each) => each.type === 'chunk');
  return { warnings, chunks, modules: chunks.flatMap((chunk) => Object.entries(chunk.modules)) };
}

describe.each(rooms)('the room %s, bundled for a browser,', async (room) => {
  const { warnings, chunks, modules } = await bundle(room);
  const own = modules.filter(([id]) => id.startsWith(`${root}src/`));

  test('is bundled without a warning', () => {
    expect(warnings).toEqual([]);
    expect(own.length).toBeGreaterThan(0);
  });

  test('imports nothing but what differs by platform', () => {
    const imports = new Set(chunks.flatMap((chunk) => [...chunk.imports, ...chunk.dynamicImports]));
    for (const chunk of chunks) imports.delete(chunk.fileName);
    for (const specifier of imports) expect(specifier).toMatch(/^#crypto\/[a-z0-9]+$/);
  });

  test('holds no module of Node, and none of the rooms that need it', () => {
    for (const [id] of modules) {
      expect(id).not.toMatch(/^node:|__vite-browser-external/);
      expect(builtinModules).not.toContain(id);
      expect(id).not.toMatch(/\/src\/(authority|cli|loader|package|store|crypto\/node)\//);
    }
    for (const { code } of chunks) expect(code).not.toMatch(/["'`]node:/);
  });

  test('names no global of Node in code of our own', () => {
    for (const [id, { code }] of own) {
      const bare = (code ?? '').replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');
      expect(bare, id).not.toMatch(/\b(Buffer|process|require|__dirname|__filename|setImmediate|global)\b(?!:)/);
    }
  });
});

// Nothing is left out: `#crypto/…` is resolved to the files for a browser, and the libraries are bundled with them.
describe.each(['crypto/index.ts', 'did/index.ts', 'ucan/index.ts'])('the room %s, whole,', async (room) => {
  const build = await rolldown({
    input: `${root}src/${room}`,
    platform: 'browser',
    resolve: { conditionNames: ['source', 'browser', 'import', 'default'] },
  });
  const { output } = await build.generate({ format: 'esm' });
  await build.close();
  const chunks = output.filter((each) => each.type === 'chunk');
  const ids = chunks.flatMap((chunk) => chunk.moduleIds);

  test('is one file that imports nothing', () => {
    expect(chunks).toHaveLength(1);
    expect(chunks.flatMap((chunk) => [...chunk.imports, ...chunk.dynamicImports])).toEqual([]);
  });

  test('has the primitives of a browser, and none of Node', () => {
    expect(ids.some((id) => id.startsWith(`${root}src/crypto/browser/`))).toBe(true);
    expect(ids.filter((id) => id.includes('/src/crypto/node/') || id.startsWith('node:'))).toEqual([]);
  });
});
