import { checkProof } from '../../authority/audit/check-proof.ts';
import { type ProveArgs, proveLog } from '../../authority/commands/log.ts';
import { encodeUtf8 } from '../../bytes.ts';
import { writeFileBeside } from '../../package/write-file.ts';
import { formatCid, parseCid } from '../../ucan/cid.ts';
import type { Outcome } from '../output.ts';
import type { Session } from '../session.ts';
import { watchLog } from '../watch-log.ts';

/** Options of `log proof`. */
export interface ProofOptions {
  readonly output?: string;
}

/** `hanaper log proof INDEX|CID`: the proof is checked before it is given. */
export async function prove(session: Session, which: string, { output }: ProofOptions): Promise<Outcome> {
  const caller = await session.openCaller('read');
  const proof = await caller.execute(proveLog, readWhich(which));
  const { entry, checkpoint } = await checkProof(proof, caller.identity.did);
  await watchLog(session, caller, { size: checkpoint.size, note: proof.checkpoint });
  if (output !== undefined) writeFileBeside(output, encodeUtf8(`${JSON.stringify(proof, null, 2)}\n`), 0o644);
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
        : [`  written to  ${output}`]),
    ],
  };
}

function readWhich(which: string): ProveArgs {
  return /^\d{1,15}$/.test(which) ? { index: Number(which) } : { receipt: formatCid(parseCid(which)) };
}
