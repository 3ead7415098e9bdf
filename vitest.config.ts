import { defineConfig } from 'vitest/config';

// The sources are tested as they stand; `#crypto/…` resolves to them through the condition "source".
const source = { resolve: { conditions: ['source'] }, ssr: { resolve: { conditions: ['source', 'node'] } } };

export default defineConfig({
  test: {
    reporters: process.env['CI'] ? ['default'] : ['default'],
    projects: [
      {
        ...source,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/store/**', 'test/authority/**', 'test/cli/**', 'test/e2e/**', 'test/**/*.fuzz.test.ts'],
          testTimeout: 30_000,
        },
      },
      {
        ...source,
        test: {
          name: 'fuzz',
          include: ['test/**/*.fuzz.test.ts'],
          testTimeout: 120_000,
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
