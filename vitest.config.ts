import { defineConfig } from 'vitest/config';

// The sources are tested as they stand; `#crypto/…` resolves to them through the condition "source".
const source = { resolve: { conditions: ['source'] }, ssr: { resolve: { conditions: ['source', 'node'] } } };

// Milliseconds: it ends what hangs, on a machine of any speed. A run that was asked to be longer has a day.
const isLong = ['HANAPER_FUZZ', 'HANAPER_RUNS', 'HANAPER_KILLS'].some((name) => process.env[name] !== undefined);
const longest = isLong ? 86_400_000 : 600_000;

export default defineConfig({
  test: {
    // Many tests wait for processes: one worker more than the machine can spare is no loss.
    maxWorkers: 2,
    projects: [
      {
        ...source,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: [
            '**/node_modules/**',
            'test/store/**',
            'test/authority/**',
            'test/cli/**',
            'test/http/**',
            'test/server/**',
            'test/client/**',
            'test/e2e/**',
            'test/**/*.fuzz.test.ts',
          ],
          globalSetup: ['test/support/compile-cache.ts'],
          testTimeout: longest,
          hookTimeout: longest,
        },
      },
      {
        ...source,
        test: {
          name: 'fuzz',
          include: ['test/**/*.fuzz.test.ts'],
          testTimeout: longest,
          hookTimeout: longest,
        },
      },
      {
        ...source,
        test: {
          name: 'engines',
          include: [
            'test/store/**/*.test.ts',
            'test/authority/**/*.test.ts',
            'test/cli/**/*.test.ts',
            'test/http/**/*.test.ts',
            'test/server/**/*.test.ts',
            'test/client/**/*.test.ts',
            'test/e2e/**/*.test.ts',
          ],
          globalSetup: ['test/support/postgres.ts', 'test/support/compile-cache.ts'],
          testTimeout: longest,
          hookTimeout: longest,
        },
      },
    ],
  },
});
