import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { rolldown } from 'rolldown';

// The library is compiled file by file; only the executable is bundled, for its start-up time.
rmSync('dist', { recursive: true, force: true });
execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'], { stdio: 'inherit' });

const bundle = await rolldown({
  input: { main: 'src/cli/main.ts', 'load-child': 'src/cli/load-child.ts' },
  platform: 'node',
  resolve: { conditionNames: ['source', 'node', 'import', 'default'] },
  // pg looks for its native twin, which is not used.
  external: ['pg-native'],
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
      { name: 'verify', test: /src\/(?!cli|index|config-file|authority\/(args|commands|index|initialize|status|validate|change))|node_modules\/(kysely|multiformats|cborg)\// },
    ],
  },
});
