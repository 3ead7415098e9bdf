import { statSync } from 'node:fs';
import { attempt } from '../../attempt.ts';
import { type ProveArgs, proveLog } from '../../authority/commands/log.ts';
import { checkProof } from '../../authority/log/check-proof.ts';
import { type LogProofDocument, parseLogProof } from '../../authority/log/proof-document.ts';
import { encodeUtf8 } from '../../bytes.ts';
import { HanaperError } from '../../errors.ts';
import { ReservedFile } from '../../package/reserve-file.ts';
import { formatCid, parseCid } from '../../ucan/encoding/cid.ts';
import type { Caller } from '../caller.ts';
import type { Outcome } from '../output.ts';
import { readBounded } from '../read-bounded.ts';
import type { Session } from '../session.ts';
import { watchLog } from '../watch-log.ts';

/** Options of `log proof`. */
export interface ProofOptions {
  readonly output?: string;
}

const maxBytes = 33_554_432;

/** `hanaper log proof INDEX|CID`: the proof is checked before it is given. */
export async function prove(session: Session, which: string, { output }: ProofOptions): Promise<Outcome> {
  const args = readWhich(which);
  const isFile = output !== undefined && output !== '-';
  using place = isFile ? ReservedFile.reserve(output, { mode: 0o644 }) : undefined;
  if (isFile) await requireNoOther(output);
  const caller = await session.openCaller('read');
  const proof = await proveUnderCheckpoint(session, caller, args);
  const { entry, checkpoint } = await checkProof(proof, caller.identity.did);
  await watchLog(session, caller, { size: checkpoint.size, note: proof.checkpoint });
  const bytes = encodeUtf8(`${JSON.stringify(proof, null, 2)}\n`);
  if (output === '-') return { document: proof, lines: [], bytes };
  place?.write(bytes);
  return {
    document: proof,
    lines: [
      `The entry ${proof.index} is one of the ${checkpoint.size} of ${checkpoint.origin}.`,
      `  enrolled    ${entry.enrolledAt}`,
      `  invocation  ${formatCid(entry.invocation)}`,
      `  receipt     ${formatCid(entry.receipt)}`,
      `  proof       ${proof.inclusion.length} hashes, under a checkpoint that the log has signed`,
      ...(output === undefined
        ? ['', 'Next: --output FILE or --json to take it elsewhere.']
        : [
            `  written to  ${output}`,
            '',
            `Next, elsewhere: hanaper log verify ${output} --authority ${caller.identity.did}`,
          ]),
    ],
  };
}

/** An entry that is under no checkpoint yet comes under one first: the database is unlocked for it. */
async function proveUnderCheckpoint(session: Session, caller: Caller, args: ProveArgs): Promise<LogProofDocument> {
  try {
    return await caller.execute(proveLog, args);
  } catch (error) {
    if (!isLocked(error)) throw error;
    await unlock(session, error);
    return caller.execute(proveLog, args);
  }
}

async function unlock(session: Session, refusal: HanaperError): Promise<void> {
  if (session.remote) {
    const { server } = session.remote;
    throw stillLocked(refusal, `Who has the passphrase does that with: hanaper database unlock --server ${server}`);
  }
  try {
    await session.unlockAuthority();
  } catch (error) {
    throw isLocked(error) ? stillLocked(refusal, error.message) : error;
  }
}

function isLocked(error: unknown): error is HanaperError {
  return error instanceof HanaperError && error.code === 'locked';
}

function stillLocked({ message, details }: HanaperError, next: string): HanaperError {
  return new HanaperError('locked', `${message} ${next}`, details);
}

function readWhich(which: string): ProveArgs {
  const index = /^(?:0|[1-9]\d*)$/.test(which) ? Number(which) : Number.NaN;
  if (Number.isSafeInteger(index)) return { index };
  const receipt = attempt(() => formatCid(parseCid(which)));
  if (receipt !== undefined) return { receipt };
  const message = `"${which.slice(0, 100)}" is neither the index of an entry (0, 1, 2 …) nor the CID of a receipt (zdpu…). Look for one with: hanaper log show`;
  throw new HanaperError('usage', message, { argument: 'ENTRY' });
}

// A key file that was named by mistake would be lost.
async function requireNoOther(path: string): Promise<void> {
  const status = statSync(path, { throwIfNoEntry: false });
  if (!status?.isFile() || status.size === 0) return;
  const bytes = status.size > maxBytes ? undefined : (await readBounded(path, maxBytes)).bytes;
  if (bytes && attempt(() => parseLogProof(bytes))) return;
  const message = `${path} is there already, and holds no proof of an entry. Name another file.`;
  throw new HanaperError('already_exists', message, { kind: 'file', path });
}
