import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { storeDelegations } from '../../authority/commands/delegation.ts';
import { importLegacyTokens, maxLegacyBytes } from '../../authority/commands/import-legacy.ts';
import type { StoredDocument } from '../../authority/commands/keep-delegations.ts';
import type { RevocationDocument } from '../../authority/commands/ucan.ts';
import { resultOf } from '../../authority/execution/result-of.ts';
import { encodeUtf8 } from '../../bytes.ts';
import { HanaperError, systemCodeOf } from '../../errors.ts';
import type { Delegation } from '../../ucan/token/delegation.ts';
import type { Invocation } from '../../ucan/token/invocation.ts';
import { revokeCommand } from '../../ucan/token/revocation.ts';
import { looksLikeTokens } from '../../ucan/token/tokens.ts';
import { verifyToken } from '../../ucan/token/verified.ts';
import type { Caller } from '../caller.ts';
import { executeInParts } from '../in-parts.ts';
import { readLegacyFile } from '../legacy-file.ts';
import type { Outcome } from '../output.ts';
import { readJsonArgument, readTokens } from '../read-tokens.ts';
import type { Session } from '../session.ts';

/** Options of `ucan import`. */
export interface ImportOptions {
  readonly commands?: string;
}

/** `hanaper ucan import FILE` */
export async function importTokens(session: Session, file: string, { commands }: ImportOptions): Promise<Outcome> {
  const isPresent = file === '-' || looksLikeTokens(readHead(file));
  if (!isPresent) return importOld(session, file, commands);
  if (commands !== undefined) {
    throw new HanaperError('usage', '--commands is for tokens of UCAN 0.8 to 0.10; these are newer.', {
      option: '--commands',
    });
  }
  const { delegations, invocations } = await readTokens(file);
  const stray = invocations.find(({ command }) => command !== revokeCommand);
  if (stray) {
    throw new HanaperError('bad_input', `${file} holds an invocation of ${stray.command}; it is executed, not kept.`, {
      command: stray.command,
    });
  }
  if (delegations.length + invocations.length === 0) {
    throw new HanaperError('bad_input', `${file} holds no token to take in.`, { path: file, reason: 'no token' });
  }
  const caller = await session.openCaller('write');
  // What is refused must leave nothing behind: the revocations first, which come with the delegations that they need.
  for (const delegation of delegations) await verifyToken(delegation);
  const revoked = await revokeAll(caller, invocations, delegations);
  const stored = delegations.length > 0 ? await storeAll(caller, delegations) : undefined;
  return {
    document: { stored: stored?.stored ?? [], known: stored?.known ?? [], revoked },
    lines: [
      ...(stored
        ? [`${stored.stored.length} delegation(s) were stored, ${stored.known.length} were here already.`]
        : []),
      ...revoked.map((cid) => `The delegation ${cid} is revoked.`),
    ],
  };
}

async function storeAll(caller: Caller, delegations: readonly Delegation[]): Promise<StoredDocument> {
  const documents = await executeInParts(delegations, (some) =>
    caller.execute(storeDelegations, { delegations: some.map(({ cid }) => cid) }, some),
  );
  return {
    stored: documents.flatMap(({ stored }) => stored),
    known: documents.flatMap(({ known }) => known),
  };
}

async function revokeAll(
  caller: Caller,
  revocations: readonly Invocation[],
  delegations: readonly Delegation[],
): Promise<readonly string[]> {
  const revoked: string[] = [];
  for (const revocation of revocations) {
    const answer = await caller.executeRequest({ invocation: revocation, given: delegations, isLocal: true });
    revoked.push((resultOf(answer) as RevocationDocument).cid);
  }
  return revoked;
}

async function importOld(session: Session, file: string, commands: string | undefined): Promise<Outcome> {
  const mapping = commands === undefined ? undefined : await readMapping(commands);
  const caller = await session.openCaller('write');
  const total = { imported: 0, known: 0, refused: [] as { index: number; reason: string }[], reissued: [] as string[] };
  let offset = 0;
  const importSome = async (tokens: readonly string[]): Promise<void> => {
    const document = tokens.every(isTooLarge)
      ? {
          imported: 0,
          known: 0,
          refused: [{ index: 0, reason: `is larger than ${maxLegacyBytes} bytes` }],
          reissued: [],
        }
      : await caller.execute(importLegacyTokens, { tokens, ...(mapping && { commands: mapping }) });
    total.imported += document.imported;
    total.known += document.known;
    for (const { index, reason } of document.refused) total.refused.push({ index: offset + index, reason });
    total.reissued.push(...document.reissued);
    offset += tokens.length;
  };
  for (const tokens of readLegacyFile(file)) await executeInParts(tokens, importSome);
  return { document: total, lines: describeOld(total, file) };
}

function isTooLarge(token: string): boolean {
  return encodeUtf8(token).length > maxLegacyBytes;
}

function describeOld(
  {
    imported,
    known,
    refused,
    reissued,
  }: {
    imported: number;
    known: number;
    refused: readonly { index: number; reason: string }[];
    reissued: readonly string[];
  },
  file: string,
): readonly string[] {
  return [
    `${imported} old token(s) of ${file} were kept as records, ${known} were here already, ${refused.length} were refused.`,
    ...refused.map(({ index, reason }) => `  number ${index + 1}: ${reason}`),
    `${reissued.length} delegation(s) of UCAN 1.0 were issued in their place${reissued.length > 0 ? ':' : '.'}`,
    ...reissued.map((cid) => `  ${cid}`),
    'Old tokens authorise nothing here. Their source was not changed.',
  ];
}

async function readMapping(path: string): Promise<Readonly<Record<string, string>>> {
  const mapping = await readJsonArgument('--commands', `@${path}`);
  const isMapping = typeof mapping === 'object' && mapping !== null && !Array.isArray(mapping);
  if (isMapping && Object.values(mapping).every((value) => typeof value === 'string')) {
    return mapping as Readonly<Record<string, string>>;
  }
  throw new HanaperError('bad_input', `${path} must be a JSON object like {"db/READ": "/db/read"}.`, {
    option: '--commands',
  });
}

// What a file is shows at its beginning; an old database may be too large to be read whole.
function readHead(path: string): Uint8Array {
  try {
    // A pipe that nobody writes to would hold us, and what is read of one is gone.
    const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      if (!fstatSync(descriptor).isFile()) throw notRegular(path);
      const head = new Uint8Array(16);
      return head.subarray(0, readSync(descriptor, head, 0, head.length, 0));
    } finally {
      closeSync(descriptor);
    }
  } catch (cause) {
    if (cause instanceof HanaperError) throw cause;
    const reason = systemCodeOf(cause) ?? 'unreadable';
    throw new HanaperError('bad_input', `${path} cannot be read (${reason}).`, { path, reason }, cause);
  }
}

function notRegular(path: string): HanaperError {
  return new HanaperError('bad_input', `${path} is no regular file. Give tokens of UCAN 1.0 on standard input ("-").`, {
    path,
    reason: 'not a regular file',
  });
}
