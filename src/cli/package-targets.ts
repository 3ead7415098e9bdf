import { realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { HanaperError } from '../errors.ts';
import type { Target } from './package-target.ts';
import type { Session } from './session.ts';

/** Options that say which packages are meant. */
export interface TargetOptions {
  readonly name?: string;
  readonly checksums?: string;
}

/** The file, where one file is meant and no list, folder or standard input. */
export function findOnlyFile(files: readonly string[], { checksums }: TargetOptions): string | undefined {
  const [only] = files;
  if (checksums !== undefined || files.length !== 1 || only === '-' || isFolder(only)) return undefined;
  return only;
}

/**
 * Finds the packages that are meant: files, the files in folders, standard input, or the lines of a list of checksums. Each
 * stands there once.
 *
 * @throws HanaperError `usage`, `bad_input`, `too_large`
 */
export async function gatherTargets(
  session: Session,
  files: readonly string[],
  options: TargetOptions,
): Promise<readonly Target[]> {
  const targets =
    options.checksums === undefined ? await gatherFiles(session, files, options) : await readList(files, options);
  const seen = new Map(targets.map((target) => [placeOf(target), target]));
  return [...seen.values()];
}

async function gatherFiles(session: Session, files: readonly string[], { name }: TargetOptions): Promise<Target[]> {
  if (files.length === 0) throw usage('FILE', 'Name a file, a folder, "-", or a list of checksums with --checksums.');
  if (name !== undefined && !files.includes('-')) throw usage('--name', '--name is for one file: others keep theirs.');
  const targets: Target[] = [];
  for (const file of new Set(files)) {
    if (file === '-') targets.push(await readStandardInput(session, name));
    else if (isFolder(file)) targets.push(...(await import('./list-folder.ts')).listFolder(file));
    else targets.push({ label: file, path: file });
  }
  return targets;
}

async function readStandardInput(session: Session, name: string | undefined): Promise<Target> {
  const { rawKeyFile, passphraseFile } = session.credentialSources();
  if (rawKeyFile === '-' || passphraseFile === '-')
    throw usage('-', 'Standard input has the passphrase already: give one of the two in a file.');
  if (name === undefined)
    throw usage('--name', 'Standard input has no name: give the one to sign it under with --name.');
  if (basename(name) !== name || name === '.' || name === '..')
    throw usage(
      '--name',
      'The name of what is on standard input must be a file name: its signature file is named after it.',
    );
  const { hashStandardInput } = await import('./hash-standard-input.ts');
  return { label: `- (${name})`, path: name, name, hash: await hashStandardInput() };
}

async function readList(files: readonly string[], { checksums = '', name }: TargetOptions): Promise<Target[]> {
  if (files.length > 0) throw usage('--checksums', '--checksums names all files itself: name no others beside it.');
  if (name !== undefined) throw usage('--name', '--name is for one file: those of a list keep their names.');
  const { readChecksums } = await import('../package/checksums.ts');
  const folder = dirname(checksums);
  return readChecksums(checksums).map(({ hash, path }) => {
    const place = join(folder, path);
    const target = { label: place, path: place, name: basename(path), hash };
    return isInside(place, folder) ? { ...target, isPresent: isThere(place) } : { ...target, refusal: outside(place) };
  });
}

// A folder that is a symbolic link would lead out of the folder of the list.
function isInside(path: string, folder: string): boolean {
  try {
    const root = realpathSync(folder);
    const actual = realpathSync(dirname(path));
    return actual === root || actual.startsWith(root.endsWith(sep) ? root : `${root}${sep}`);
  } catch {
    return true;
  }
}

function isThere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

function isFolder(path: string | undefined): boolean {
  try {
    return path !== undefined && statSync(path).isDirectory();
  } catch {
    return false;
  }
}

// Two names of one file share a signature file only where they lie in one folder.
function placeOf({ path }: Target): string {
  try {
    return join(realpathSync(dirname(path)), basename(path));
  } catch {
    return resolve(path);
  }
}

function outside(path: string): HanaperError {
  return new HanaperError(
    'package_unreadable',
    `${path} is reached by a symbolic link that leads out of the folder of the list.`,
    {
      path,
      reason: 'symbolic link',
    },
  );
}

function usage(option: string, message: string): HanaperError {
  return new HanaperError('usage', message, { option });
}
