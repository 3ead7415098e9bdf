import { requireRefusal } from '../../../attempt.ts';
import { encodeBase64, equalBytes } from '../../../bytes.ts';
import { HanaperError } from '../../../errors.ts';
import { digestEffect, type HashedRow } from '../../../log/effect.ts';
import { decodeLogEntry, type LogEntry } from '../../../log/entry.ts';
import { checkLogKey, verifierKeyOf } from '../../../log/log-key.ts';
import type { VerifierKey } from '../../../log/verifier-key.ts';
import { cidKey } from '../../../ucan/encoding/cid.ts';
import { type Delegation, decodeDelegation } from '../../../ucan/token/delegation.ts';
import { firstEpoch } from '../../log/log-key.ts';
import type { Audited } from '../database/audit-database.ts';
import { EffectsChecker } from '../effects-checker.ts';
import { EntryChecker } from '../entry-checker.ts';
import { Findings } from '../findings.ts';
import { openSeen, TreeChecker } from '../tree-checker.ts';
import { decodeRecord, type ExportedEffect, type ExportRecord, RecordSplitter } from './export-record.ts';
import { ShownRows } from './shown-rows.ts';

/** How an export is audited. */
export interface ExportAuditOptions {
  /** Checkpoints that were seen of this log, as notes: the export must begin with what they had, as far as it goes. */
  readonly seen?: readonly Uint8Array[] | undefined;
  /** Is told how many bytes were read. */
  readonly onProgress?: ((doneBytes: number) => void) | undefined;
}

/**
 * Checks an export of a log with nothing but the authority's DID: tree, checkpoints, tokens, chains, effects, and the rows
 * that it shows. It tells all that it finds. What is held in memory are the delegations that acts rest on.
 *
 * @throws HanaperError `bad_input` where it is no export at all, `authority_changed` where it is another's
 */
export async function auditExport(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  authority: string,
  { seen = [], onProgress }: ExportAuditOptions = {},
): Promise<Audited> {
  const audit = new ExportAudit(authority, seen);
  const splitter = new RecordSplitter();
  let done = 0;
  for await (const chunk of chunks) {
    await audit.takeAll(splitter, chunk);
    done += chunk.length;
    onProgress?.(done);
  }
  return audit.end(splitter.pending);
}

class ExportAudit {
  readonly #authority: string;
  readonly #seen: readonly Uint8Array[];
  readonly #findings = new Findings();
  readonly #proofs = new Map<string, Delegation>();
  /** Those that came since the last entry. */
  #fresh: string[] = [];
  readonly #acts: EntryChecker;
  #key: VerifierKey | undefined;
  #tree: TreeChecker | undefined;
  readonly #rows = new ShownRows(this.#findings);
  #effects: EffectsChecker | undefined;
  /** Of how many entries the last checkpoint is. */
  #signedSize: number | undefined;
  #hasBegun = false;
  #hasEnded = false;
  #isBroken = false;

  constructor(authority: string, seen: readonly Uint8Array[]) {
    this.#authority = authority;
    this.#seen = seen;
    this.#acts = new EntryChecker({
      authority,
      findings: this.#findings,
      keep: () => undefined,
      resolveProof: async (cid) => this.#proofs.get(cidKey(cid)),
    });
  }

  /** Takes what a chunk of the file completes. Nothing can be read after the first invalid record. */
  async takeAll(splitter: RecordSplitter, chunk: Uint8Array): Promise<void> {
    if (this.#isBroken) return;
    try {
      for (const body of splitter.split(chunk)) {
        if (this.#isBroken) return;
        await this.#take(decodeRecord(body));
      }
    } catch (error) {
      if (!(error instanceof HanaperError) || !this.#hasBegun) throw error;
      this.#break('is damaged there, and what follows cannot be read');
    }
  }

  async end(pending: number): Promise<Audited> {
    if (!this.#hasBegun) throw notExport();
    if (!this.#isBroken && (pending > 0 || !this.#hasEnded)) this.#break('ends there, and is cut short');
    this.#endEntry();
    const tree = await this.#openTree();
    tree.end();
    this.#rows.end();
    const { unbound } = this.#acts;
    return { findings: this.#findings, size: tree.size, root: tree.root(), checkpoint: tree.last, unbound };
  }

  async #take(record: ExportRecord): Promise<void> {
    if (!this.#hasBegun) return this.#begin(record);
    if (this.#hasEnded) return this.#break('goes on behind its end');
    switch (record.kind) {
      case 'head':
        return this.#break('begins once more there');
      case 'log-key':
        return this.#takeKey(record);
      case 'proof':
        return this.#takeProof(record.token);
      case 'entry':
        return this.#takeEntry(record);
      case 'effects':
        return this.#takeEffects(record.effects);
      case 'checkpoint':
        return this.#takeCheckpoint(record.note);
      case 'end':
        return this.#takeEnd(record);
    }
  }

  #begin(record: ExportRecord): void {
    if (record.kind !== 'head') throw notExport();
    if (record.authority !== this.#authority) throw anotherLog(this.#authority, record.authority.slice(0, 100));
    this.#hasBegun = true;
  }

  async #takeKey(record: ExportRecord & { readonly kind: 'log-key' }): Promise<void> {
    if (this.#tree) return this.#break('has a key of the log behind entries');
    try {
      const key = await checkLogKey(record, this.#authority);
      if (key.epoch !== firstEpoch) return;
      if (this.#key) return this.#break('has the key of the log twice');
      this.#key = verifierKeyOf(key);
    } catch (error) {
      const refusal = requireRefusal(error);
      this.#findings.add({ kind: 'log_key', table: 'log_keys', message: refusal.message });
    }
  }

  // An invalid one is missing where a chain needs it.
  #takeProof(token: Uint8Array): void {
    try {
      const delegation = decodeDelegation(token);
      const key = cidKey(delegation.cid);
      this.#proofs.set(key, delegation);
      this.#fresh.push(key);
    } catch (error) {
      const refusal = requireRefusal(error);
      const message = `A proof in front of the entry ${this.#size} is not a valid delegation: ${refusal.message}`;
      this.#add('token', 'ucan_delegations', message);
    }
  }

  async #takeEntry({ entry: bytes, ...tokens }: ExportRecord & { readonly kind: 'entry' }): Promise<void> {
    this.#endEntry();
    const tree = await this.#openTree();
    const index = tree.size;
    tree.append(bytes);
    const entry = this.#decode(bytes, index);
    this.#effects = entry && new EffectsChecker(entry);
    if (entry === undefined) this.#acts.pass(bytes);
    const { invocation } = entry ? await this.#acts.check({ index, bytes, entry, ...tokens }) : {};
    const named = new Set(invocation?.proofs.map(cidKey));
    const strange = this.#fresh.filter((key) => !named.has(key)).length;
    this.#fresh = [];
    if (strange === 0) return;
    const message = `In front of the entry ${index} stand ${strange} proofs that its invocation does not name.`;
    this.#findings.add({ kind: 'token', table: 'ucan_delegations', index, message });
  }

  #decode(bytes: Uint8Array, index: number): LogEntry | undefined {
    try {
      return decodeLogEntry(bytes);
    } catch (error) {
      const refusal = requireRefusal(error);
      this.#findings.add({ kind: 'entry', table: 'log_entries', index, message: refusal.message });
      return undefined;
    }
  }

  #takeEffects(effects: readonly ExportedEffect[]): void {
    if (this.#size === 0) this.#break('has effects in front of all entries');
    else for (const effect of effects) this.#takeEffect(effect);
  }

  #takeEffect(effect: ExportedEffect): void {
    const { digest, table, key, shown } = effect;
    this.#effects?.append(effect);
    if (this.#effects?.areBound !== false) this.#rows.take(effect, this.#size - 1, shown !== undefined);
    if (shown === undefined) return;
    const row = shown.row as HashedRow;
    if (!equalBytes(digestEffect(shown.salt, { table, key, row }), digest)) {
      const message = 'The row that is shown is not the one that was written by this entry.';
      this.#findings.add({ kind: 'row', table, key, index: this.#size - 1, message });
    } else if (row && table === 'ucan_revocations') this.#acts.noteRevocation(key);
  }

  async #takeCheckpoint(note: Uint8Array): Promise<void> {
    const tree = await this.#openTree();
    if (this.#signedSize === tree.size) return this.#break(`has two checkpoints of ${tree.size} entries`);
    this.#signedSize = tree.size;
    await tree.check({ size: tree.size, note });
  }

  async #takeEnd({ size, root }: ExportRecord & { readonly kind: 'end' }): Promise<void> {
    const tree = await this.#openTree();
    this.#hasEnded = true;
    if (size === tree.size && equalBytes(root, tree.root())) return;
    this.#break(`says that it has ${size} entries with the root ${encodeBase64(root)}`);
  }

  #endEntry(): void {
    this.#effects?.check(this.#size - 1, this.#findings);
    this.#effects = undefined;
  }

  async #openTree(): Promise<TreeChecker> {
    if (this.#tree) return this.#tree;
    const { findings, key } = { findings: this.#findings, key: this.#key };
    const seen = await openSeen({ here: [], elsewhere: this.#seen }, key, findings);
    this.#tree = new TreeChecker({ key, findings, seen });
    return this.#tree;
  }

  get #size(): number {
    return this.#tree?.size ?? 0;
  }

  #break(reason: string): void {
    this.#isBroken = true;
    this.#add('export', 'log_entries', `The export has ${this.#size} entries, and ${reason}.`);
  }

  #add(kind: 'export' | 'token', table: string, message: string): void {
    this.#findings.add({ kind, table, index: this.#size, message });
  }
}

function anotherLog(expected: string, actual: string): HanaperError {
  return new HanaperError(
    'authority_changed',
    `The export is of the log of the authority ${actual}, but only ${expected} is accepted. Get the log of the authority that you expect.`,
    { expected, actual },
  );
}

function notExport(): HanaperError {
  return new HanaperError('bad_input', 'This is not an export of a log.', {
    expected: 'hanaper/log-export/2',
    remedy: 'export_log',
  });
}
