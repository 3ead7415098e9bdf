import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** Which process holds a lock, in words that the kernel can check. */
export interface LockHolder {
  /** Tells this lock from every other: 32 hex characters. */
  readonly token: string;
  readonly pid: number;
  /** When the process was started, in the kernel's own count since boot; empty where the system does not tell. */
  readonly start: string;
  /** Tells one start of a machine from every other; empty where the system does not tell. */
  readonly boot: string;
  /** In which the process id counts: containers have one each; empty where the system does not tell. */
  readonly namespace: string;
  /** The machine: its id and its name. */
  readonly machine: string;
}

/** Names this process as the holder of a lock. */
export function nameHolder(token: string): LockHolder {
  return { token, pid: process.pid, start: readStart(process.pid), ...readPlace() };
}

/** A holder as it stands in a lock file. */
export function formatHolder(holder: LockHolder): string {
  return `${JSON.stringify(holder)}\n`;
}

/** The holder that a lock file names; `undefined` where it names none: it was made by an earlier version, or by hand. */
export function parseHolder(text: string): LockHolder | undefined {
  const holder = tryTo(() => JSON.parse(text) as unknown);
  return isHolder(holder) ? holder : undefined;
}

/**
 * What the kernel says of a holder: that it runs, or is gone; `elsewhere` where it counts processes that are not seen from
 * here, as another machine and another container do.
 */
export function findHolder({ pid, start, boot, namespace, machine }: LockHolder): 'runs' | 'gone' | 'elsewhere' {
  const here = readPlace();
  if (machine !== here.machine) return 'elsewhere';
  if (boot !== here.boot) return 'gone';
  if (namespace !== here.namespace) return 'elsewhere';
  return isThere(pid) && readStart(pid) === start ? 'runs' : 'gone';
}

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Somebody else's process cannot be signalled, and is there.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

function readPlace(): Pick<LockHolder, 'boot' | 'namespace' | 'machine'> {
  return {
    boot: readLine('/proc/sys/kernel/random/boot_id'),
    namespace: tryTo(() => readlinkSync('/proc/self/ns/pid')) ?? '',
    machine: `${readLine('/etc/machine-id')} ${hostname()}`,
  };
}

// proc_pid_stat(5): the 3rd field and the 22nd; the second is a name in brackets that can hold anything.
function readStart(pid: number): string {
  const line = readLine(`/proc/${pid}/stat`);
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
  // A zombie has ended, and only its parent has not asked yet.
  return fields[0] === 'Z' ? 'ended' : (fields[19] ?? '');
}

function tryTo<Result>(read: () => Result): Result | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

function readLine(path: string): string {
  return tryTo(() => readFileSync(path, 'latin1').trim()) ?? '';
}

function isHolder(value: unknown): value is LockHolder {
  if (typeof value !== 'object' || value === null) return false;
  const { token, pid, start, boot, namespace, machine } = value as Partial<LockHolder>;
  const texts = [start, boot, namespace, machine].every((text) => typeof text === 'string');
  return texts && /^[\da-f]{32}$/.test(token ?? '') && Number.isSafeInteger(pid) && Number(pid) > 0;
}
