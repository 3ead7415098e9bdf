import { spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { type ErrorCode, HanaperError } from '../errors.ts';
import type { ChildAnswer } from './load-child.ts';
import type { Handover } from './load-handover.ts';
import { signalGroup, stopTogether } from './signal-group.ts';

const maxAnswerBytes = 16 * 1024 * 1024;

/**
 * Runs a package in a process of its own, with an empty environment, and returns what that says.
 *
 * @throws HanaperError `unavailable`
 */
export function runPackage(
  { kind, packageHash, call }: Pick<Handover, 'kind' | 'packageHash' | 'call'>,
  bytes: Uint8Array,
): Promise<ChildAnswer> {
  const script = fileURLToPath(new URL('./load-child.cjs', import.meta.url));
  // What the package prints goes to standard error: standard output is the command's own.
  const child = spawn(process.execPath, [script, kind, packageHash, ...(call === undefined ? [] : [call])], {
    env: {},
    stdio: ['ignore', 2, 2, 'pipe', 'pipe', 'pipe'],
    // A group of its own: what the package itself starts ends with it, and it has no hold on our terminal.
    detached: true,
  });
  // It ends with us, by whatever signal that is, and with its answer.
  const end = () => signalGroup(child.pid, 'SIGKILL');
  const partStops = stopTogether(child.pid);
  process.once('exit', end);
  child.once('exit', () => {
    process.off('exit', end);
    partStops();
    end();
  });
  const [, , , input, output] = child.stdio as unknown as [null, null, null, Writable, Readable];
  // A child that ends early breaks the pipe; its exit tells why.
  input.on('error', () => undefined);
  input.end(bytes);
  return new Promise((resolve, reject) => {
    const answer = collect(output);
    child.on('error', (cause) =>
      reject(new HanaperError('unavailable', 'The package could not be given a process.', {}, cause)),
    );
    child.on('close', async (status, signal) => {
      const parsed = status === 0 ? parseAnswer(await answer) : undefined;
      resolve(parsed ?? endedEarly(status, signal));
    });
  });
}

async function collect(output: Readable): Promise<string> {
  let text = '';
  for await (const chunk of output.setEncoding('utf8')) {
    if (text.length < maxAnswerBytes) text += chunk;
  }
  return text;
}

// The package shares the child with us and can write anything here: the answer is checked like any input.
function parseAnswer(text: string): ChildAnswer | undefined {
  try {
    const answer: unknown = JSON.parse(text);
    if (typeof answer !== 'object' || answer === null) return undefined;
    const { exports, result, error } = answer as Record<string, unknown>;
    if (isChildError(error)) return { error };
    if (!Array.isArray(exports) || !exports.every((name) => typeof name === 'string')) return undefined;
    return { exports, ...(typeof result === 'string' && { result }) };
  } catch {
    return undefined;
  }
}

// What the child itself can find; a package must not speak for verification, which is long done.
const childCodes: readonly ErrorCode[] = ['bad_input', 'not_found', 'unverified_import'];

function isChildError(error: unknown): error is { code: ErrorCode; message: string; details: Record<string, unknown> } {
  if (typeof error !== 'object' || error === null) return false;
  const { code, message, details } = error as Record<string, unknown>;
  const known = childCodes.some((candidate) => candidate === code);
  return known && typeof message === 'string' && typeof details === 'object' && details !== null;
}

function endedEarly(status: number | null, signal: NodeJS.Signals | null): ChildAnswer {
  const how = signal ?? `status ${status}`;
  return {
    error: {
      code: 'bad_input',
      message: `The package ended its process (${how}) before it was done.`,
      details: { how },
    },
  };
}
