import { statSync } from 'node:fs';

/** What SQLite keeps beside a file while it is in use, and after a program that did not end well. */
export const companions: readonly string[] = ['-wal', '-journal'];

/** Describes a SQLite file and what lies beside it: another description is that of a file that was written to. */
export function describeFileState(path: string): string {
  const files = ['', ...companions].map((suffix) => statSync(path + suffix, { bigint: true, throwIfNoEntry: false }));
  return files.map((file) => (file ? `${file.ino} ${file.size} ${file.mtimeNs}` : '-')).join();
}

/** Bytes of a file; 0 if it does not exist. */
export function lengthOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
