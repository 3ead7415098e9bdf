import { type Dirent, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Budget } from '../budget.ts';
import { compareText } from '../compare-text.ts';
import { HanaperError, systemCodeOf } from '../errors.ts';
import { isTemporaryName } from '../package/temporary-file.ts';
import type { Target } from './package-target.ts';

const maxVisits = 100_000;
// What signing writes beside a package, and the locks that it holds meanwhile.
const companions = ['.sig', '.proof.json', '.sig.lock', '.proof.json.lock'];

/**
 * Lists the files in a folder and in those below it, by name. Signature files and proofs of files beside them are left out.
 * What is neither a file nor a folder, and what a killed signing has left, is listed as refused, so that nothing is passed over
 * in silence.
 *
 * @throws HanaperError `package_unreadable`, also where there is no file; `too_large`
 */
export function listFolder(folder: string): readonly Target[] {
  const targets = listBelow(folder, new Budget({ visits: maxVisits }));
  if (targets.length > 0) return targets;
  throw new HanaperError('package_unreadable', `The folder ${folder} has no file to sign or verify.`, {
    path: folder,
    reason: 'no file',
  });
}

function listBelow(folder: string, budget: Budget): readonly Target[] {
  const entries = readFolder(folder).toSorted((one, other) => compareText(one.name, other.name));
  budget.spend('visits', entries.length + 1);
  const names = new Set(entries.map(({ name }) => name));
  return entries.flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return listBelow(path, budget);
    if (!entry.isFile()) return [{ label: path, path, refusal: notPlain(path) }];
    if (isTemporaryName(entry.name)) return [{ label: path, path, refusal: unfinished(path) }];
    return isCompanion(entry.name, names) ? [] : [{ label: path, path }];
  });
}

function isCompanion(name: string, names: ReadonlySet<string>): boolean {
  return companions.some((suffix) => name.endsWith(suffix) && names.has(name.slice(0, -suffix.length)));
}

function readFolder(folder: string): readonly Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (cause) {
    const reason = systemCodeOf(cause) ?? 'unreadable';
    throw new HanaperError(
      'package_unreadable',
      `The folder ${folder} cannot be read (${reason}).`,
      { path: folder, reason },
      cause,
    );
  }
}

function notPlain(path: string): HanaperError {
  return new HanaperError(
    'package_unreadable',
    `${path} is a symbolic link or a device, and not a file. Name it by itself if you mean what it leads to.`,
    {
      path,
      reason: 'not a regular file',
    },
  );
}

// It is no package, and to leave it out would hide a file of that name from a verification of the folder.
function unfinished(path: string): HanaperError {
  const message = `${path} belongs to a signing that runs, or was killed. Wait for its end, or remove the file.`;
  return new HanaperError('package_unreadable', message, { path, reason: 'unfinished' });
}
