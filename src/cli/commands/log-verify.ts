import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { setImmediate as yieldToOthers } from 'node:timers/promises';
import { type Audited, auditDatabase } from '../../authority/audit/audit-database.ts';
import { auditExport } from '../../authority/audit/audit-export.ts';
import type { Finding, Findings } from '../../authority/audit/findings.ts';
import { decodeUtf8, encodeBase64, encodeUtf8 } from '../../bytes.ts';
import { HanaperError, systemCodeOf } from '../../errors.ts';
import { createAuditBar } from '../audit-progress.ts';
import { formatTable, type Outcome, printOutcome } from '../output.ts';
import type { SeenCheckpoints } from '../seen-checkpoints.ts';
import type { Session } from '../session.ts';
import { openSeenCheckpoints, rememberCheckpoint } from '../watch-log.ts';

interface Subject {
  /** What people call it. */
  readonly name: string;
  /** Under what its checkpoints are remembered. */
  readonly source: string;
  readonly authority: string;
  readonly audited: Audited;
}

const chunkLength = 262_144;

/** `hanaper log verify [FILE]` */
export async function verify(session: Session, file: string): Promise<Outcome> {
  const seen = openSeenCheckpoints(session);
  const subject = file === '' ? await verifyDatabase(session, seen) : await verifyFile(session, file, seen);
  const { findings } = subject.audited;
  const failure = findings.toError(subject.name);
  if (failure) {
    if (!session.output.json) printOutcome(session.output, { document: {}, lines: describeFindings(findings) });
    throw failure;
  }
  remember(session, seen, subject);
  return describeOutcome(subject);
}

async function verifyDatabase(session: Session, seen: SeenCheckpoints): Promise<Subject> {
  const authority = await session.openAuthority();
  const { did } = authority.identity;
  const { name } = authority.database;
  const audited = await auditDatabase(authority, {
    seen: notesOf(seen, did, name),
    onProgress: createAuditBar(),
  });
  return { name, source: name, authority: did, audited };
}

// An export may have been made before what was seen elsewhere; as far as it goes it must be the same log.
async function verifyFile(session: Session, file: string, seen: SeenCheckpoints): Promise<Subject> {
  const { authority } = session.config.security;
  if (authority === undefined) throw noAuthority();
  const size = sizeOf(file);
  const draw = createAuditBar();
  const audited = await auditExport(readChunks(file), authority, {
    seen: notesOf(seen, authority),
    onProgress: (done) => draw('export', done, size),
  });
  return { name: file, source: 'export', authority, audited };
}

function notesOf(seen: SeenCheckpoints, authority: string, source?: string): readonly Uint8Array[] {
  return seen.list(authority, source).map(({ checkpoint }) => encodeUtf8(checkpoint));
}

function remember(session: Session, seen: SeenCheckpoints, { authority, source, audited }: Subject): void {
  const { checkpoint: last } = audited;
  const checkpoint = last && decodeUtf8(last.note);
  if (last === undefined || checkpoint === undefined) return;
  rememberCheckpoint(session, seen, { authority, source, size: last.size, checkpoint });
}

function describeFindings(findings: Findings): readonly string[] {
  const rows = findings.list.map(({ kind, table, key, index, message }: Finding) => [
    kind,
    table,
    key ?? '',
    index === undefined ? '' : String(index),
    message,
  ]);
  const omitted = findings.count - findings.list.length;
  return [
    ...formatTable(['KIND', 'TABLE', 'KEY', 'ENTRY', ''], rows),
    ...(omitted > 0 ? [`… and ${omitted} more.`] : []),
  ];
}

function describeOutcome({ name, authority, audited }: Subject): Outcome {
  const { findings, size, root, checkpoint, unbound } = audited;
  const under = checkpoint?.size ?? 0;
  const forgotten = Object.entries(findings.erased);
  return {
    document: {
      verified: true,
      source: name,
      authority,
      size,
      root: encodeBase64(root),
      checkpoint: checkpoint ? { size: checkpoint.size, note: decodeUtf8(checkpoint.note) } : null,
      unverifiable: { count: findings.unverifiableCount, acts: findings.unverifiable },
      erased: findings.erased,
      unbound,
    },
    lines: [
      `${name} holds.`,
      `  authority    ${authority}`,
      `  entries      ${size}, the first ${under} of them under a checkpoint`,
      `  root         ${encodeBase64(root)}`,
      ...(findings.unverifiableCount > 0
        ? [`  not checked  ${findings.unverifiableCount} acts whose proofs are not kept here; --json names them`]
        : []),
      ...(unbound > 0
        ? [`  older        ${unbound} entries of the first version, which do not tell which rows they wrote`]
        : []),
      ...(forgotten.length > 0
        ? [`  forgotten    ${forgotten.map(([table, count]) => `${table}: ${count}`).join(', ')}`]
        : []),
    ],
  };
}

function sizeOf(file: string): number {
  const status = statSync(file, { throwIfNoEntry: false });
  if (status?.isFile()) return status.size;
  throw unreadable(file, status ? 'not a regular file' : 'ENOENT');
}

// A signal has its turn between two chunks, since all that is done with one is done without waiting for anything.
async function* readChunks(file: string): AsyncGenerator<Uint8Array> {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(file, 'r');
    for (;;) {
      const chunk = new Uint8Array(chunkLength);
      const length = readSync(descriptor, chunk);
      if (length === 0) return;
      yield chunk.subarray(0, length);
      await yieldToOthers();
    }
  } catch (error) {
    const reason = systemCodeOf(error);
    throw reason === undefined ? error : unreadable(file, reason);
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

function unreadable(path: string, reason: string): HanaperError {
  return new HanaperError('bad_input', `${path} cannot be read (${reason}).`, { path, reason });
}

function noAuthority(): HanaperError {
  return new HanaperError(
    'usage',
    "Say whose log it must be: --authority DID. An export's own word for it is worth nothing.",
    { option: '--authority' },
  );
}
