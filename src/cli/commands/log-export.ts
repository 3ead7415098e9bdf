import { type ExportedLog, exportLog, type WriteExport } from '../../authority/audit/export-log.ts';
import type { Authority } from '../../authority/authority.ts';
import { createAuditBar } from '../audit-progress.ts';
import type { Outcome } from '../output.ts';
import type { Session } from '../session.ts';
import { writeNewFile } from '../write-new-file.ts';

/** `hanaper log export FILE` */
export async function exportTo(session: Session, path: string): Promise<Outcome> {
  const authority = await session.openAuthority();
  const exported = await writeNewFile(path, (write) => exportWithBar(authority, write));
  return describe(path, authority, exported);
}

function exportWithBar(authority: Authority, write: WriteExport): Promise<ExportedLog> {
  const draw = createAuditBar();
  return exportLog(authority, write, (done, total) => draw('entries', done, total));
}

function describe(path: string, { identity: { did } }: Authority, { size, checkpoint }: ExportedLog): Outcome {
  return {
    document: { file: path, authority: did, size, checkpoint },
    lines: [
      `${size} entries were written to ${path}, the first ${checkpoint ?? 0} of them under a checkpoint.`,
      '',
      `Next: hanaper log verify ${path} --authority ${did}`,
    ],
  };
}
