import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Plugin, rolldown } from 'rolldown';

// The library is compiled file by file; only the executable is bundled, for its start-up time.
rmSync('dist', { recursive: true, force: true });
execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'], { stdio: 'inherit' });

// Commander can start other programs as subcommands; ours has none, and loading that costs 4 ms at every start. Of other
// modules of Node it imports the default, for which a bundler copies all that they export.
const lightCommander: Plugin = {
  name: 'light-commander',
  resolveId: (source, importer) =>
    /^node:(child_process|fs|path|process)$/.test(source) && importer?.includes('/commander/') ? `\0${source}` : null,
  load(id) {
    if (id === '\0node:child_process') return 'export default {};';
    return id.startsWith('\0node:') ? `export default process.getBuiltinModule('${id.slice(1)}');` : null;
  },
};

// The dictionaries of passphrases are the larger part of it all: files of their own, for the executable and the worker alike.
const dictionaries: Readonly<Record<string, string>> = {
  'strength-core': '@zxcvbn-ts/core',
  'strength-common': '@zxcvbn-ts/language-common',
  'strength-en': '@zxcvbn-ts/language-en',
};
const dictionariesApart: Plugin = {
  name: 'dictionaries-apart',
  resolveId: (source, importer) => {
    const [file] = Object.entries(dictionaries).find(([, name]) => name === source) ?? [];
    return file !== undefined && importer !== undefined ? { id: `./${file}.cjs`, external: true } : null;
  },
};

// A single character beyond ASCII would double what the source takes in memory, and the time to read it.
const asciiOnly: Plugin = {
  name: 'ascii-only',
  generateBundle(_, outputs) {
    for (const output of Object.values(outputs)) {
      if (output.type === 'chunk') output.code = output.code.replace(/[\u0080-\uffff]/g, escapeUnit);
    }
  },
};

function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

// All that a verification loads is in the entry: each further file costs a third of a millisecond. What a server loads
// before it is ready is one file more.
const main = ['src/cli/main.ts', 'src/cli/commands/package.ts', 'src/authority/open-authority.ts'];
const server = ['src/cli/commands/serve.ts', 'src/server.ts'];

await bundle({ main: 'src/cli/main.ts' }, { main, server });
// Bundles of their own: were they to share a file with the executable, loading that would run the executable.
await bundle({ 'load-child': 'src/cli/load-child.ts' });
await bundle({ 'load-runner': 'src/cli/load-runner.ts' });
await bundle({ 'make-folder': 'src/make-folder.ts' });
await bundle({ 'strength-worker': 'src/http/setup/strength-worker.ts' });
await bundle(dictionaries);

async function bundle(
  input: Readonly<Record<string, string>>,
  groups: Readonly<Record<string, readonly string[]>> = {},
): Promise<void> {
  const members = new Map<string, ReadonlySet<string>>();
  const bundled = await rolldown({
    input,
    platform: 'node',
    plugins: [lightCommander, dictionariesApart, collectGroups(groups, members), asciiOnly],
    resolve: { conditionNames: ['source', 'node', 'import', 'default'] },
    // PostgreSQL's driver mixes module formats in a way that bundling breaks; it is loaded as it is installed.
    external: ['pg'],
    // Imports that are late in the library, and in the entry here.
    checks: { ineffectiveDynamicImport: false },
  });
  // Chunks lie beside the entries, so that one finds the other by its own URL.
  await bundled.write({
    dir: 'dist/bin',
    // CommonJS: importing Node's own modules into an ES module evaluates every lazy part of theirs, 10 ms a start.
    format: 'cjs',
    minify: true,
    entryFileNames: '[name].cjs',
    chunkFileNames: '[name]-[hash].cjs',
    codeSplitting: {
      groups: Object.keys(groups).map((name) => ({ name, test: (id) => members.get(name)?.has(id) ?? false })),
    },
  });
}

/** Finds all that is loaded with the modules of each group, without what those import late. */
function collectGroups(
  groups: Readonly<Record<string, readonly string[]>>,
  members: Map<string, ReadonlySet<string>>,
): Plugin {
  return {
    name: 'collect-groups',
    buildEnd() {
      for (const [name, roots] of Object.entries(groups)) {
        const found = new Set(roots.map((root) => resolve(root)));
        for (const id of found) for (const imported of this.getModuleInfo(id)?.importedIds ?? []) found.add(imported);
        members.set(name, found);
      }
    },
  };
}
