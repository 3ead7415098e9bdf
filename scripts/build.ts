import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { type Plugin, rolldown } from 'rolldown';

// The library is compiled file by file; only the executable is bundled, for its start-up time.
rmSync('dist', { recursive: true, force: true });
execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'], { stdio: 'inherit' });

// Commander can start other programs as subcommands; ours has none, and loading that costs 4 ms at every start.
const withoutSubprocesses: Plugin = {
  name: 'commander-without-subprocesses',
  resolveId: (source, importer) =>
    source === 'node:child_process' && importer?.includes('/commander/') ? '\0no-subprocesses' : null,
  load: (id) => (id === '\0no-subprocesses' ? 'export default {};' : null),
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

// All that a verification loads is in the entry: each further file costs a third of a millisecond.
const everyStart = [
  /rolldown.runtime/,
  /node_modules\/(commander|kysely|multiformats|cborg)\//,
  /src\/(?!cli|client|index|config-file|loader|log|ucan|did|http\/|server|store\/|crypto\/|authority\/|trust\/|vault\/sealed-seed|package\/(open-trust-bundle|proof-file))/,
  /src\/trust\/(check-snapshot|policy|resolve|snapshot|state|tampered|verify)\./,
  /src\/did\/(did-key|public-key)/,
  /src\/store\/(?!engine\/(postgres|every-row)|migrations\/postgres|tables\/(act-rows|checkpoints|log-keys|log-tiles|ucan|did|legacy|signature-places))/,
  /src\/crypto\/(?!der|pem|private-key|ec-private|encrypted|pbes2|node\/pbes2|key-format|hpke|x25519|node\/x25519|node\/hmac)/,
  /src\/authority\/(authority|open-authority|identity\/known-authorities|schemas\/parse-args|keys\/key-rules|trust\/(gather|open|resolve)-trust|execution\/find-organisation)/,
  /src\/cli\/(?!audit|bundle-trust|commands|load-|run-package|legacy-file|prompt|credential|event|read-secret|remote-s|require-log|find-key|write-new|watch)/,
  /src\/cli\/commands\/package\.ts/,
];

// What a server loads before it is ready is one file more.
const server = [
  /src\/(http\/(?!listening\/metrics\.|setup\/strength-worker)|server|cli\/commands\/serve)/,
  /node_modules\/(@hono|hono|zod)\//,
];

await bundle({ main: 'src/cli/main.ts' }, { main: everyStart, server });
// Bundles of their own: were they to share a file with the executable, loading that would run the executable.
await bundle({ 'load-child': 'src/cli/load-child.ts' });
await bundle({ 'load-runner': 'src/cli/load-runner.ts' });
await bundle({ 'make-folder': 'src/make-folder.ts' });
await bundle({ 'strength-worker': 'src/http/setup/strength-worker.ts' });
await bundle(dictionaries);

async function bundle(
  input: Readonly<Record<string, string>>,
  groups: Readonly<Record<string, readonly RegExp[]>> = {},
): Promise<void> {
  const bundled = await rolldown({
    input,
    platform: 'node',
    plugins: [withoutSubprocesses, dictionariesApart],
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
      groups: Object.entries(groups).map(([group, patterns]) => ({
        name: group,
        test: (id) => patterns.some((pattern) => pattern.test(id)),
      })),
    },
  });
}
