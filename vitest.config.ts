import { defineConfig } from 'vitest/config';

// The sources are tested as they stand; `#crypto/…` resolves to them through the condition "source".
const source = { resolve: { conditions: ['source'] }, ssr: { resolve: { conditions: ['source', 'node'] } } };

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
          testTimeout: 60_000,
        },
      },
      {
        ...source,
        test: {
          name: 'fuzz',
          include: ['test/**/*.fuzz.test.ts'],
          // As much longer as there are more runs.
          testTimeout: 120_000 * Number(process.env['HANAPER_FUZZ'] ?? 1),
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
          globalSetup: ['test/support/postgres.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
