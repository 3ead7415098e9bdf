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

const bundle = await rolldown({
  input: { main: 'src/cli/main.ts', 'load-child': 'src/cli/load-child.ts' },
  platform: 'node',
  plugins: [withoutSubprocesses],
  resolve: { conditionNames: ['source', 'node', 'import', 'default'] },
  // PostgreSQL's driver mixes module formats in a way that bundling breaks; it is loaded as it is installed.
  external: ['pg'],
});
// Chunks lie beside the entries, so that one finds the other by its own URL.
await bundle.write({
  dir: 'dist/bin',
  // CommonJS: importing Node's own modules into an ES module evaluates every lazy part of theirs, 10 ms a start.
  format: 'cjs',
  minify: true,
  entryFileNames: '[name].cjs',
  chunkFileNames: '[name]-[hash].cjs',
  // What every verification loads is one file: each further one costs a third of a millisecond.
  codeSplitting: {
    groups: [
      {
        name: 'verify',
        test: /src\/(?!cli|index|config-file|authority\/(args|commands|index|initialize|status|validate|change))|node_modules\/(kysely|multiformats|cborg)\//,
      },
    ],
  },
});
