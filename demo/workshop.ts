import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder for one run, and an environment that keeps everything inside it; gone when the run ends. */
export interface Workshop extends Disposable {
  readonly folder: string;
  readonly environment: NodeJS.ProcessEnv;
}

/** Makes a workshop. `HANAPER_DEMO_DB` names another (empty) database than SQLite in the folder. */
export function createWorkshop(): Workshop {
  const folder = mkdtempSync(join(tmpdir(), 'hanaper-demo-'));
  const passphraseFile = join(folder, 'passphrase');
  writeFileSync(passphraseFile, 'copper lantern drifts past midnight\n', { mode: 0o600 });
  return {
    folder,
    environment: {
      PATH: process.env['PATH'],
      HOME: folder,
      HANAPER_DB: process.env['HANAPER_DEMO_DB'] ?? `sqlite:${join(folder, 'hanaper.db')}`,
      HANAPER_PASSPHRASE_FILE: passphraseFile,
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}
