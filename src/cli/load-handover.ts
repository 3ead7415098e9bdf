import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { concatBytes, decodeUtf8, encodeUtf8 } from '../bytes.ts';
import { HanaperError, systemCodeOf } from '../errors.ts';
import type { PackageKind } from '../loader/verified-package.ts';

/** What the process that runs a package learns from the one that verified it. */
export interface Handover {
  /** The path of the package, as it was given. */
  readonly file: string;
  readonly kind: PackageKind;
  /** SHA-256: 64 hex characters. */
  readonly packageHash: string;
  /** What the verification found, as it is printed; null where nothing was verified. */
  readonly verification: object | null;
  /** The export to call. */
  readonly call?: string;
  /** Whether the outcome is printed as a document. */
  readonly json: boolean;
  /** Path of the event log. */
  readonly eventLog?: string;
}

const standardInput = 0;
const firstOther = 3;
const newline = 0x0a;
// O_CLOEXEC, as fdinfo shows it: in octal digits.
const closedOnExec = 0o2000000;

/**
 * Starts this process anew, without its environment, memory and descriptors, to run the package that it verified: what the
 * package can find out about its parent is then nothing. Standard output and error stay; standard input is the handover, a
 * file that has no name any more.
 *
 * @throws HanaperError `unavailable` where the handover cannot be written
 */
export function startAnew(handover: Handover, bytes: Uint8Array): never {
  const { execve } = process;
  if (execve === undefined) throw new HanaperError('unavailable', 'This platform cannot start a process anew.');
  putOnStandardInput(concatBytes(encodeUtf8(`${JSON.stringify(handover)}\n`), bytes));
  closeInherited();
  const script = fileURLToPath(new URL('./load-runner.cjs', import.meta.url));
  return execve.call(process, process.execPath, [process.execPath, script], {});
}

/** Takes over what {@link startAnew} has left, and closes it. */
export function takeHandover(): { readonly handover: Handover; readonly bytes: Uint8Array<ArrayBuffer> } {
  const content = readFileSync(standardInput);
  closeSync(standardInput);
  // The number must not go to a file that is opened later.
  openSync('/dev/null', 'r');
  const end = content.indexOf(newline);
  const handover: Handover = JSON.parse(decodeUtf8(content.subarray(0, end)) ?? '');
  return { handover, bytes: new Uint8Array(content.subarray(end + 1)) };
}

function putOnStandardInput(content: Uint8Array): void {
  try {
    const folder = mkdtempSync(join(tmpdir(), 'hanaper-'));
    try {
      const path = join(folder, 'handover');
      writeFileSync(path, content, { mode: 0o600, flag: 'wx' });
      closeSync(standardInput);
      // The lowest number that is free.
      openSync(path, 'r');
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  } catch (cause) {
    const reason = systemCodeOf(cause) ?? 'unwritable';
    throw new HanaperError(
      'unavailable',
      `The package could not be handed to its process (${reason}): ${tmpdir()} must be a folder with room for it.`,
      { reason },
      cause,
    );
  }
}

// Descriptors that were inherited, such as a passphrase that the shell offers, would be passed on.
function closeInherited(): void {
  for (const name of listDescriptors()) {
    const descriptor = Number(name);
    if (descriptor >= firstOther && !isClosedOnExec(name)) closeSync(descriptor);
  }
}

function listDescriptors(): readonly string[] {
  try {
    return readdirSync('/proc/self/fdinfo');
  } catch {
    return [];
  }
}

// One that cannot be looked at is the one by which the list was read.
function isClosedOnExec(descriptor: string): boolean {
  try {
    const [, flags = '0'] = /^flags:\s*([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${descriptor}`, 'utf8')) ?? [];
    return (Number.parseInt(flags, 8) & closedOnExec) !== 0;
  } catch {
    return true;
  }
}
