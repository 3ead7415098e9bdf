import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { setImmediate as yieldToOthers } from 'node:timers/promises';
import { type Audited, auditDatabase } from '../../authority/audit/database/audit-database.ts';
import { auditExport } from '../../authority/audit/export/audit-export.ts';
import type { Finding, Findings } from '../../authority/audit/findings.ts';
import { decodeUtf8, encodeBase64, encodeUtf8 } from '../../bytes.ts';
import { HanaperError, systemCodeOf } from '../../errors.ts';
import { AuditBar } from '../audit-progress.ts';
import { formatTable, type Outcome, printOutcome } from '../output.ts';
import { requireLogAuthority } from '../require-log-authority.ts';
import type { SeenCheckpoints } from '../seen-checkpoints.ts';
import type { Session } from '../session.ts';
import { rememberCheckpoint } from '../watch-log.ts';
import { verifyProof } from './log-verify-proof.ts';

interface Subject {
  /** What people call it. */
  readonly name: string;
  /** Under what its checkpoints are remembered. */
  readonly source: string;
  readonly authority: string;
  readonly audited: Audited;
}

const chunkLength = 262_144;
const openingBrace = 0x7b;

/** `hanaper log verify [FILE]`: a database, an export, or the proof of one entry. */
export async function verify(session: Session, file: string): Promise<Outcome> {
  const seen = session.seenCheckpoints;
  if (file !== '' && beginsLikeProof(file)) return verifyProof(session, file, seen);
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
  const authority = await session.examineAuthority();
  const { did } = authority.identity;
  const { name } = authority.database;
  using bar = new AuditBar();
  const audited = await auditDatabase(authority, {
    seen: notesOf(seen, did, (source) => source === name),
    seenElsewhere: notesOf(seen, did, (source) => source !== name),
    onProgress: bar.draw,
  });
  return { name, source: name, authority: did, audited };
}

// An export may have been made before what was seen elsewhere; as far as it goes it must be the same log.
async function verifyFile(session: Session, file: string, seen: SeenCheckpoints): Promise<Subject> {
  const authority = requireLogAuthority(session);
  const size = sizeOf(file);
  using bar = new AuditBar();
  const audited = await auditExport(readChunks(file), authority, {
    seen: notesOf(seen, authority),
    onProgress: (done) => bar.draw('export', done, size),
  });
  return { name: file, source: 'export', authority, audited };
}

function notesOf(
  memory: SeenCheckpoints,
  authority: string,
  isMeant: (source: string) => boolean = () => true,
): readonly Uint8Array[] {
  const seen = memory.list(authority).filter(({ source }) => isMeant(source));
  return seen.map(({ checkpoint }) => encodeUtf8(checkpoint));
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

// JSON. Nothing in an export begins like it.
function beginsLikeProof(file: string): boolean {
  sizeOf(file);
  const head = new Uint8Array(1);
  const descriptor = open(file);
  try {
    return readSync(descriptor, head) === 1 && head[0] === openingBrace;
  } finally {
    closeSync(descriptor);
  }
}

function open(file: string): number {
  try {
    return openSync(file, 'r');
  } catch (error) {
    throw unreadable(file, systemCodeOf(error) ?? 'unreadable');
  }
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
