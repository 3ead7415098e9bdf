import { type ExportedLog, exportLog, type WriteExport } from '../../authority/audit/export/write-export.ts';
import type { Authority } from '../../authority/authority.ts';
import { HanaperError } from '../../errors.ts';
import { AuditBar } from '../audit-progress.ts';
import type { Outcome } from '../output.ts';
import type { Session } from '../session.ts';
import { watchLog } from '../watch-log.ts';
import { writeNewFile } from '../write-new-file.ts';
import { writeText } from '../write-text.ts';

/** `hanaper log export FILE`: a log that shrank or forked since it was seen is not exported. */
export async function exportTo(session: Session, path: string): Promise<Outcome | undefined> {
  if (path === '-') requireStream(session);
  const authority = await session.examineAuthority();
  await watchLog(session, authority);
  if (path === '-') {
    await exportLog(authority, (bytes) => writeText(1, bytes));
    return undefined;
  }
  const exported = await writeNewFile(path, (write) => exportWithBar(authority, write));
  return describe(path, authority, exported);
}

async function exportWithBar(authority: Authority, write: WriteExport): Promise<ExportedLog> {
  using bar = new AuditBar();
  return await exportLog(authority, write, (done, total) => bar.draw('entries', done, total));
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

// Neither a document beside it nor a terminal leaves of an export what can be verified.
function requireStream({ output }: Session): void {
  if (output.json) throw misplaced('--json prints one document, and the export would stand beside it: name a file.');
  if (process.stdout.isTTY) throw misplaced('An export is no text for a terminal: name a file, or pipe it on.');
}

function misplaced(message: string): HanaperError {
  return new HanaperError('usage', message, { option: '-' });
}
