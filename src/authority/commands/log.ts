import { z } from 'zod';
import { encodeHex } from '../../bytes.ts';
import { HanaperError } from '../../errors.ts';
import { required } from '../../required.ts';
import type { LogEffectRow } from '../../store/engine/schema.ts';
import { readLogHead } from '../../store/tables/log.ts';
import { parseCid } from '../../ucan/encoding/cid.ts';
import type { EnrolledActDocument } from '../log/describe-entries.ts';
import { describeLogKey, type LogVerifierDocument } from '../log/describe-log-key.ts';
import { readLogPage } from '../log/entry-page.ts';
import { findEntry, findEntryOf } from '../log/find-entry.ts';
import {
  type CheckpointDocument,
  hashesResult,
  type LogProofDocument,
  logKeyResult,
  logProofResult,
  noteResult,
  toLogKeyDocument,
  toLogProofDocument,
} from '../log/proof-document.ts';
import { proveEntry, proveGrowth, readSignedHead } from '../log/prove-entry.ts';
import { readNoteSize } from '../log/read-note-size.ts';
import { cidText, didArg, sha256Arg, timeArg } from '../schemas/args.ts';
import type { Command } from '../schemas/command.ts';

/** Which entries are read. */
export interface ReadLogArgs {
  /** The index of the first; default: 0. */
  readonly from?: number;
  /** 1 to 1,000; default: 100. */
  readonly limit?: number;
}

/** One row that an entry has written or removed. */
export interface EffectDocument {
  readonly table: string;
  readonly key: string;
  /** 64 hex characters. */
  readonly digest: string;
  /** 32 hex characters; absent once it was erased. */
  readonly salt?: string;
}

/** One entry, with what the database knows about it. */
export interface EntryDocument extends EnrolledActDocument {
  /** At most the first 1,000. */
  readonly effects: readonly EffectDocument[];
}

/** One page of entries; `next` is there where more follow. */
export interface EntryListDocument {
  readonly entries: readonly EntryDocument[];
  /** How many there are in all. */
  readonly size: number;
  readonly next?: number;
}

/** Which entry is to be proven: by its index, or by the receipt that it names. */
export interface ProveArgs {
  readonly index?: number;
  /** CID, in base58btc. */
  readonly receipt?: string;
  /** How many entries the log had when it was seen before, which it is to continue. */
  readonly since?: number;
}

const defaultLimit = 100;

const index = z.int().min(0);
const effectResult: z.ZodType<EffectDocument> = z.strictObject({
  table: z.string(),
  key: z.string(),
  digest: sha256Arg,
  salt: z.string().describe('32 hex characters; absent once it was erased').exactOptional(),
});

const entryResult: z.ZodType<EntryDocument> = z.strictObject({
  index,
  enrolled_at: timeArg,
  invocation: cidText,
  receipt: cidText,
  command: z.string().exactOptional(),
  issuer: z.string().exactOptional(),
  subject: z.string().exactOptional(),
  organisation: z.string().describe('The name of the organisation whose power it was').exactOptional(),
  name: z.string().describe('The file name of a package, or the name of what was made or changed').exactOptional(),
  hash: z.string().describe('SHA-256 of the package').exactOptional(),
  key: z.string().describe('The signing key').exactOptional(),
  key_fingerprint: z.string().describe('SHA-256 of the public key').exactOptional(),
  outcome: z.string().describe('"ok", or the code of the refusal').exactOptional(),
  effect_count: index,
  effects: z.array(effectResult).describe('At most the first 1,000'),
});

/** Entries of the log, with what the database knows about each. */
export const readLog: Command<'authority', ReadLogArgs, EntryListDocument> = {
  name: '/log/read',
  summary: 'Read entries of the log, with what was done and which rows it wrote',
  subject: 'authority',
  access: 'read',
  route: { method: 'GET', path: '/api/log/entries' },
  args: z.strictObject({
    from: index.describe('The index of the first entry; 0 where it is left out').exactOptional(),
    limit: z
      .int()
      .min(1)
      .max(1000)
      .describe('How many at most, less where they are large; 100 where it is left out')
      .exactOptional(),
  }),
  result: z.strictObject({ entries: z.array(entryResult), size: index, next: index.exactOptional() }),
  async run({ transaction }, { from = 0, limit = defaultLimit }) {
    const { size } = await readLogHead(transaction);
    const { acts, effects } = await readLogPage(transaction, from, limit);
    const entries = acts.map((act) => ({ ...act, effects: (effects.get(act.index) ?? []).map(toEffectDocument) }));
    const next = from + entries.length;
    return { entries, size, ...(entries.length > 0 && next < size && { next }) };
  },
};

/** The proof that an entry stands in the log, under the last checkpoint; one is made first, if the vault is open. */
export const proveLog: Command<'authority', ProveArgs, LogProofDocument> = {
  name: '/log/proof',
  summary: 'Prove that an entry stands in the log, by its index or its receipt',
  subject: 'authority',
  access: 'read',
  needsCheckpoint: true,
  route: { method: 'GET', path: '/api/log/proof' },
  args: z.strictObject({
    index: index.describe('The index of the entry').exactOptional(),
    receipt: cidText.describe('The CID of the receipt that it names, in place of the index').exactOptional(),
    since: index
      .describe('The size of a checkpoint that was seen before, which the log is to continue')
      .exactOptional(),
  }),
  result: logProofResult,
  async run({ transaction, authority }, args) {
    if ((args.index === undefined) === (args.receipt === undefined)) throw notOne();
    const placed =
      args.index === undefined
        ? await findEntryOf(transaction, parseCid(required(args.receipt, 'receipt')))
        : await findEntry(transaction, args.index);
    if (placed === undefined) throw noEntry(args);
    const proof = toLogProofDocument(await proveEntry(transaction, authority.did, placed));
    if (args.since === undefined) return proof;
    const consistency = await proveGrowth(transaction, args.since, readNoteSize(proof.checkpoint));
    return { ...proof, consistency };
  },
};

/** The last checkpoint; a new one is made first, if there is something new and the vault is open. */
export const showCheckpoint: Command<'authority', { since?: number }, CheckpointDocument> = {
  name: '/log/checkpoint',
  summary: 'Show the last checkpoint of the log, and prove that it continues an earlier one',
  subject: 'authority',
  access: 'read',
  needsCheckpoint: true,
  route: { method: 'GET', path: '/api/log/checkpoint' },
  args: z.strictObject({
    since: index.describe('The size of a checkpoint that was seen before, which it is to continue').exactOptional(),
  }),
  result: z.strictObject({
    size: index,
    entries: index,
    created_at: timeArg,
    checkpoint: noteResult,
    log_key: logKeyResult,
    consistency: z.exactOptional(hashesResult),
  }),
  async run({ transaction, authority }, { since }) {
    const head = await readSignedHead(transaction, authority.did);
    if (head === undefined) throw noCheckpoint();
    return {
      size: head.checkpoint.size,
      entries: (await readLogHead(transaction)).size,
      created_at: head.createdAt,
      checkpoint: head.note,
      log_key: toLogKeyDocument(head.logKey),
      ...(since !== undefined && { consistency: await proveGrowth(transaction, since, head.checkpoint.size) }),
    };
  },
};

/** The key of the log, with what its authority has signed about it. */
export const showLogKey: Command<'authority', Record<string, never>, LogVerifierDocument> = {
  name: '/log/key',
  summary: 'Show the key that verifies the checkpoints of the log, and what the authority has signed about it',
  subject: 'authority',
  access: 'read',
  route: { method: 'GET', path: '/api/log/key' },
  args: z.strictObject({}),
  result: z.strictObject({
    origin: z.string().describe('The first line of each checkpoint, and the name of the key'),
    verifier_key: z.string().describe('As tools for signed notes take it'),
    authority: didArg,
    created_at: timeArg,
    log_key: logKeyResult,
  }),
  run: ({ transaction, authority }) => describeLogKey(transaction, authority.did),
};

function toEffectDocument({ tableName, rowKey, digest, salt }: LogEffectRow): EffectDocument {
  return { table: tableName, key: rowKey, digest: encodeHex(digest), ...(salt && { salt: encodeHex(salt) }) };
}

function notOne(): HanaperError {
  return new HanaperError('bad_input', 'Name the entry by its index or by its receipt: one of the two.', {
    field: 'index',
  });
}

function noEntry({ index, receipt }: ProveArgs): HanaperError {
  const which = index === undefined ? `names the receipt ${receipt}` : `has the index ${index}`;
  return new HanaperError('not_found', `No entry of the log ${which}.`, { kind: 'log entry' });
}

function noCheckpoint(): HanaperError {
  return new HanaperError(
    'locked',
    'The log has no checkpoint yet, and one is signed only while the vault is open. Unlock it first.',
  );
}
