/** A cache folder for the commands of one run of the tests, published as `inject('cacheFolder')`: they compile once. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** For XDG_CACHE_HOME. */
    cacheFolder: string;
  }
}

export function setup(project: TestProject): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'hanaper-test-cache-'));
  project.provide('cacheFolder', folder);
  return () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}
