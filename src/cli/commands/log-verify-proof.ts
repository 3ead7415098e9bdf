import { type OpenedProof, openLogProof } from '../../authority/log/check-proof.ts';
import { encodeUtf8 } from '../../bytes.ts';
import { formatCid } from '../../ucan/encoding/cid.ts';
import type { Outcome } from '../output.ts';
import { readBounded } from '../read-bounded.ts';
import { requireLogAuthority } from '../require-log-authority.ts';
import type { SeenCheckpoints } from '../seen-checkpoints.ts';
import type { Session } from '../session.ts';
import { rememberCheckpoint } from '../watch-log.ts';

const maxBytes = 33_554_432;

/** `hanaper log verify FILE` of the proof of one entry: with the authority's DID alone, and what was seen of its log. */
export async function verifyProof(session: Session, file: string, memory: SeenCheckpoints): Promise<Outcome> {
  const authority = requireLogAuthority(session);
  const seen = memory.list(authority).map(({ checkpoint }) => encodeUtf8(checkpoint));
  const opened = await openLogProof((await readBounded(file, maxBytes)).bytes, authority, seen);
  const { size } = opened.checkpoint;
  rememberCheckpoint(session, memory, { authority, source: 'proof', size, checkpoint: opened.proof.checkpoint });
  return describe(file, authority, opened);
}

function describe(file: string, authority: string, { proof, entry, checkpoint: { size } }: OpenedProof): Outcome {
  const { index, checkpoint: note } = proof;
  const [invocation, receipt] = [formatCid(entry.invocation), formatCid(entry.receipt)];
  return {
    document: {
      verified: true,
      authority,
      index,
      enrolled_at: entry.enrolledAt,
      invocation,
      receipt,
      checkpoint: { size, note },
    },
    lines: [
      `${file} holds: the entry ${index} is one of the ${size} of the log.`,
      `  authority    ${authority}`,
      `  enrolled     ${entry.enrolledAt}`,
      `  invocation   ${invocation}`,
      `  receipt      ${receipt}`,
    ],
  };
}
