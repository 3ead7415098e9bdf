/**
 * Holds the lock of a file until it is ended; or, where a number is given, waits to be let go and counts the file up so many
 * times, each time under its lock.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { takeFileLock, withFileLock } from '../../../src/package/file-lock.ts';

const [path = '', times] = process.argv.slice(2);

if (times === undefined) {
  await takeFileLock(path);
  process.stdout.write('"held"\n');
  setInterval(() => undefined, 60_000);
} else {
  process.stdout.write('"ready"\n');
  process.stdin.once('data', () => {
    for (let turn = 0; turn < Number(times); turn++) {
      withFileLock(path, () => writeFileSync(path, String(Number(readFileSync(path, 'utf8')) + 1)), {
        patience: 60_000,
      });
    }
    process.stdout.write('"done"\n', () => process.exit(0));
  });
}
