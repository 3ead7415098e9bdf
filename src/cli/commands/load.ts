import { spawn } from 'node:child_process';
import { closeSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { showOrganisation } from '../../authority/index.ts';
import { type ErrorCode, HanaperError, systemCodeOf } from '../../errors.ts';
import { createLoader } from '../../loader/create-loader.ts';
import type { VerifiedPackage } from '../../loader/verified-package.ts';
import { type BundleOptions, findBundleTrust } from '../bundle-trust.ts';
import type { ChildAnswer } from '../load-child.ts';
import type { Outcome } from '../output.ts';
import type { Session } from '../session.ts';
import { toDocument } from './package.ts';

/** Options of `package load`. */
export interface LoadOptions extends BundleOptions {
  readonly call?: string;
  readonly unsigned?: boolean;
  readonly proof?: readonly string[];
}

const mostAnswerBytes = 16 * 1024 * 1024;

/** `hanaper package load FILE`: verifies, then runs those bytes in a process of their own with an empty environment. */
export async function load(session: Session, file: string, options: LoadOptions): Promise<Outcome> {
  const { call, unsigned = false, proof: proofs } = options;
  closeGivenDescriptors(session);
  const verified = await (await createSessionLoader(session, options)).read(file, { ...(proofs && { proofs }) });
  if (unsigned) session.warn('Nothing was verified (--unsigned): this may be anybody’s code.');
  const answer = await runInChild(verified, call);
  reportLoading(session, file, verified, answer);
  if ('error' in answer) throw new HanaperError(answer.error.code, answer.error.message, answer.error.details);
  const { exports, result } = answer;
  return {
    document: {
      package_hash: verified.packageHash,
      kind: verified.kind,
      verification: verified.verification && toDocument(verified.verification),
      exports,
      ...(call !== undefined && { called: call, result: result ?? null }),
    },
    lines: [
      `${file} was ${unsigned ? 'loaded unverified' : 'verified and loaded'} from memory (${verified.kind}).`,
      `  sha256  ${verified.packageHash}`,
      `  exports ${exports.join(', ') || '(none)'}`,
      ...(call === undefined ? [] : [`  ${call}() returned ${result ?? 'nothing'}`]),
    ],
  };
}

function reportLoading(
  { observer }: Session,
  path: string,
  { packageHash }: VerifiedPackage,
  answer: ChildAnswer,
): void {
  const time = new Date().toISOString();
  const details = { path, package_hash: packageHash };
  if ('error' in answer) observer?.({ name: 'package.load.failure', time, details, reason: answer.error.code });
  else observer?.({ name: 'package.load.success', time, details });
}

// Loading needs no passphrase; one that the shell offers on a descriptor must not reach the package's process.
function closeGivenDescriptors(session: Session): void {
  const { passphraseFile, rawKeyFile } = session.credentialSources();
  for (const file of [passphraseFile, rawKeyFile]) {
    const [, descriptor] = /^\/(?:dev|proc\/self)\/fd\/(\d{1,6})$/.exec(file ?? '') ?? [];
    if (Number(descriptor) > 2) closeIfOpen(Number(descriptor));
  }
}

function closeIfOpen(descriptor: number): void {
  try {
    closeSync(descriptor);
  } catch (error) {
    if (systemCodeOf(error) !== 'EBADF') throw error;
  }
}

async function createSessionLoader(session: Session, { unsigned = false, ...options }: LoadOptions) {
  const observer = session.observer && { observer: session.observer };
  if (unsigned && session.config.security.requireSignatures) throw signaturesRequired();
  if (unsigned) return createLoader({ ...observer });
  const bundle = await findBundleTrust(session, options);
  if (bundle) {
    const verificationOrg = session.organisation ?? bundle.bundle.state.organisation.did;
    return createLoader({ security: { requireSignatures: true, verificationOrg }, trust: bundle, ...observer });
  }
  const authority = await session.openAuthority();
  const { did: verificationOrg } = await authority.executeFor(session.organisation, showOrganisation, {});
  return createLoader({ security: { requireSignatures: true, verificationOrg }, trust: authority, ...observer });
}

function runInChild({ kind, packageHash, bytes }: VerifiedPackage, call: string | undefined): Promise<ChildAnswer> {
  const script = fileURLToPath(new URL('./load-child.cjs', import.meta.url));
  // What the package prints goes to standard error: standard output is the command's own.
  const child = spawn(process.execPath, [script, kind, packageHash, ...(call === undefined ? [] : [call])], {
    env: {},
    stdio: ['ignore', 2, 2, 'pipe', 'pipe'],
  });
  // It ends with us, by whatever signal that is.
  const end = () => child.kill('SIGKILL');
  process.once('exit', end);
  child.once('close', () => process.off('exit', end));
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
    if (text.length < mostAnswerBytes) text += chunk;
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

function signaturesRequired(): HanaperError {
  return new HanaperError(
    'bad_config',
    'The configuration requires signatures (require_signatures), so --unsigned is refused.',
    { option: '--unsigned' },
  );
}
