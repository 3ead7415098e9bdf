import type { Stats } from 'node:fs';
import { quote } from '../quote.ts';
import { type Check, type Finding, note, ok, wrong } from './check.ts';
import { type FileRule, listFileRules } from './file-rules.ts';
import { isReadable, isWritable, lookAt } from './look-at.ts';
import { toFinding } from './to-finding.ts';

const others = 0o007;
const sticky = 0o1000;

/** Whether this user can use its files, and nobody else can read or exchange them. */
export const permissions: Check = {
  name: 'permissions',
  look: async (installation) => {
    const looked = (await listFileRules(installation)).map(look);
    const findings = looked.flatMap((each) => each.findings);
    const count = looked.filter(({ isThere }) => isThere).length;
    return findings.some(({ state }) => state === 'wrong') ? findings : [...findings, ok(describe(count))];
  },
};

interface Looked {
  readonly isThere: boolean;
  readonly findings: readonly Finding[];
}

function describe(count: number): string {
  if (count === 0) return 'no file or folder of Hanaper is there yet';
  return `${count} ${count === 1 ? 'file or folder' : 'files and folders'}, and nobody else can change them`;
}

function look(rule: FileRule): Looked {
  try {
    const file = lookAt(rule.path);
    return { isThere: file !== undefined, findings: file ? checkFile(rule, file) : checkMissing(rule) };
  } catch (error) {
    return { isThere: true, findings: [toFinding(error)] };
  }
}

function checkMissing({ path, what, ifMissing }: FileRule): readonly Finding[] {
  return ifMissing === undefined ? [] : [wrong('bad_config', `${what} is not there: ${path}.`, ifMissing)];
}

// A device or a pipe belongs to the system or to another program: nobody should change its mode for Hanaper's sake.
function checkFile(rule: FileRule, file: Stats): readonly Finding[] {
  if (!file.isFile() && !file.isDirectory()) return [];
  return [checkOwner(rule, file), checkAccess(rule, file), checkMode(rule, file)].filter((each) => each !== undefined);
}

function checkOwner({ path, what, mayBeOthers }: FileRule, { uid }: Stats): Finding | undefined {
  const own = process.geteuid?.() ?? 0;
  if (mayBeOthers || own === 0 || uid === own || uid === 0) return undefined;
  const message = `${what} belongs to another user (${uid}), who can change it: ${path}.`;
  return wrong('bad_config', message, `sudo chown ${own} ${quote(path)}`);
}

function checkAccess({ path, what, isWritten }: FileRule, file: Stats): Finding | undefined {
  const bits = file.isDirectory() ? 'u+rwx' : 'u+rw';
  if (!isReadable(path)) return wrong('unavailable', `${what} cannot be read: ${path}.`, repair(file, bits, path));
  if (!isWritten || isWritable(path)) return undefined;
  return note(`${what} can only be read, so that nothing is kept there: ${path}.`, repair(file, bits, path));
}

function repair({ uid }: Stats, bits: string, path: string): string {
  const isOwn = uid === process.geteuid?.();
  return `${isOwn ? '' : 'sudo '}chmod ${bits} ${quote(path)}`;
}

// Who may not remove another's file from a folder cannot exchange it either.
function checkMode(rule: FileRule, file: Stats): Finding | undefined {
  const { path, what, forbidden, isStrict } = rule;
  const set = file.mode & forbidden;
  if (set === 0 || (file.isDirectory() && (file.mode & sticky) !== 0)) return undefined;
  const mode = (file.mode & 0o777).toString(8).padStart(4, '0');
  const verb = (set & 0o022) === 0 ? 'read' : 'changed';
  const type = `chmod ${forbidden === 0o022 ? 'go-w' : 'go-rwx'} ${quote(path)}`;
  if (isStrict || (set & others) !== 0) {
    return wrong('bad_config', `${what} can be ${verb} by other users (mode ${mode}): ${path}.`, type);
  }
  return note(`${what} can be ${verb} by its group (mode ${mode}): ${path}.`, type);
}
