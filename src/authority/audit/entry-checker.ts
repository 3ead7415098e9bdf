import type { CID } from 'multiformats/cid';
import { requireRefusal } from '../../attempt.ts';
import { equalBytes } from '../../bytes.ts';
import type { HanaperError } from '../../errors.ts';
import type { LogEntry } from '../../log/entry.ts';
import { emptyRoot, hashLeaf } from '../../log/merkle.ts';
import { toSeconds } from '../../signature/time.ts';
import { validateInvocation } from '../../ucan/chain/chain.ts';
import { computeCid, formatCid } from '../../ucan/encoding/cid.ts';
import type { Delegation } from '../../ucan/token/delegation.ts';
import { decodeInvocation, type Invocation } from '../../ucan/token/invocation.ts';
import { type Receipt, readReceipt } from '../../ucan/token/receipt.ts';
import { readRevocation, revokeCommand } from '../../ucan/token/revocation.ts';
import { verifyToken } from '../../ucan/token/verified.ts';
import { describeBindingMismatch } from '../log/entry-binding.ts';
import { describeFault, type FindingKind, type Findings } from './findings.ts';

/** An entry with the tokens that it names, as bytes. */
export interface EnrolledAct {
  readonly index: number;
  /** As it is hashed. */
  readonly bytes: Uint8Array;
  readonly entry: LogEntry;
  /** Absent where it is gone. */
  readonly invocation: Uint8Array | undefined;
  /** Absent where it is gone. */
  readonly receipt: Uint8Array | undefined;
}

/** What acts are checked against. */
export interface EntryCircumstances {
  /** DID of the authority. */
  readonly authority: string;
  /** Gives the delegation of a CID; whatever it gives is checked against the CID. */
  resolveProof(cid: CID): Promise<Delegation | undefined>;
  /** Hears of the delegations that were verified. */
  keep(path: readonly Delegation[]): void;
  readonly findings: Findings;
}

const tokenTable = 'ucan_invocations';

/** Checks the acts of a log in their order: times, tokens, receipts, and each chain as it stood. */
export class EntryChecker {
  readonly #circumstances: EntryCircumstances;
  readonly #revokers = new Map<string, { readonly revokedBy: string }[]>();
  #enrolledAt = '';
  #before: Uint8Array = emptyRoot();
  #base: number | undefined;
  #unbound = 0;

  constructor(circumstances: EntryCircumstances) {
    this.#circumstances = circumstances;
  }

  /** When the last act was enrolled; empty before the first. */
  get enrolledAt(): string {
    return this.#enrolledAt;
  }

  /** How many entries are of the older version, which does not tell which rows were written. */
  get unbound(): number {
    return this.#unbound;
  }

  /** The first entry that tells which rows were written: behind an older one it names every row that stands. */
  get base(): number | undefined {
    return this.#base;
  }

  /** Passes over an invalid entry. */
  pass(bytes: Uint8Array): void {
    this.#before = hashLeaf(bytes);
  }

  /** Takes note of a revocation beside those that acts have made, as of before the log; `key` names its row. */
  noteRevocation(key: string): void {
    const [cid = '', revokedBy = ''] = key.split(' ');
    const known = this.#revokers.get(cid) ?? [];
    if (!known.some((each) => each.revokedBy === revokedBy)) this.#revokers.set(cid, [...known, { revokedBy }]);
  }

  /** Checks one act, and gives its tokens as far as they are sound. */
  async check(act: EnrolledAct): Promise<{ readonly invocation?: Invocation; readonly receipt?: Receipt }> {
    this.#checkTime(act);
    const { index, entry } = act;
    const receipt = await this.#readReceipt(act);
    this.#checkPlace(act, receipt);
    this.pass(act.bytes);
    const invocation = this.#read(index, 'invocation', entry.invocation, act.invocation);
    if (invocation && receipt) await this.#checkChain(index, invocation, receipt.invocation.issuedAt ?? 0);
    if (invocation?.command === revokeCommand && receipt && 'ok' in receipt.out)
      this.#takeRevocation(index, invocation);
    return { ...(invocation && { invocation }), ...(receipt && { receipt }) };
  }

  // It counts for the acts behind it.
  #takeRevocation(index: number, invocation: Invocation): void {
    try {
      const { target, revokedBy } = readRevocation(invocation);
      this.noteRevocation(`${formatCid(target)} ${revokedBy}`);
    } catch (error) {
      const refusal = requireRefusal(error);
      this.#add('token', index, invocation.cid, `An invalid revocation was executed: ${refusal.message}`);
    }
  }

  #checkTime({ index, entry }: EnrolledAct): void {
    if (entry.enrolledAt < this.#enrolledAt) {
      const message = `The entry ${index} was enrolled at ${entry.enrolledAt}, before the one in front of it.`;
      this.#circumstances.findings.add({ kind: 'entry', table: 'log_entries', index, message });
    } else {
      this.#enrolledAt = entry.enrolledAt;
    }
  }

  #checkPlace({ index, entry }: EnrolledAct, receipt: Receipt | undefined): void {
    const tell = (message: string) =>
      this.#circumstances.findings.add({ kind: 'entry', table: 'log_entries', index, message });
    if (entry.version === 1) {
      this.#unbound++;
      if (this.#base !== undefined) tell(`The entry ${index} is of an older version than those in front of it.`);
      return;
    }
    this.#base ??= index;
    const { enrolledAt, effectsRoot } = entry;
    const place = { index, before: this.#before, enrolledAt, effectsRoot };
    const other = receipt && describeBindingMismatch(receipt.invocation.meta, place);
    if (other) tell(`The receipt of the entry ${index} names ${other}: one was taken away, moved or altered.`);
  }

  async #readReceipt({ index, entry, receipt: bytes }: EnrolledAct): Promise<Receipt | undefined> {
    const token = this.#read(index, 'receipt', entry.receipt, bytes);
    const failure = token && (await this.#findFault(token, entry));
    if (failure === undefined) return token && readReceipt(token);
    this.#add('token', index, entry.receipt, `The receipt ${formatCid(entry.receipt)} ${failure}.`);
    return undefined;
  }

  async #findFault(token: Invocation, entry: LogEntry): Promise<string | undefined> {
    try {
      const { executor, ran } = readReceipt(await verifyToken(token));
      if (executor !== this.#circumstances.authority) return `is by ${executor}, not by the authority`;
      if (!ran.equals(entry.invocation)) return `is that of ${formatCid(ran)}, not of the invocation beside it`;
      const isTimed = token.issuedAt !== undefined && token.issuedAt <= toSeconds(entry.enrolledAt);
      return isTimed ? undefined : 'has no time, or one that was still to come';
    } catch (error) {
      return describeFault(requireRefusal(error));
    }
  }

  #read(
    index: number,
    what: 'invocation' | 'receipt',
    cid: CID,
    bytes: Uint8Array | undefined,
  ): Invocation | undefined {
    const name = `The ${what} ${formatCid(cid)}`;
    if (bytes === undefined) {
      this.#add('token', index, cid, `${name}, which the entry ${index} names, is missing.`);
    } else if (!equalBytes(computeCid(bytes).bytes, cid.bytes)) {
      this.#add('token', index, cid, `${name} has other bytes than those that the entry ${index} names.`);
    } else {
      try {
        return decodeInvocation(bytes);
      } catch (error) {
        const refusal = requireRefusal(error);
        this.#add('token', index, cid, `${name} is not a valid token: ${refusal.message}`);
      }
    }
    return undefined;
  }

  // The receipt has the time at which the entry point has judged, to the second.
  async #checkChain(index: number, invocation: Invocation, now: number): Promise<void> {
    try {
      const { path } = await validateInvocation(invocation, {
        now,
        resolveProof: (cid) => this.#circumstances.resolveProof(cid),
        revocationsOf: (cid) => this.#revokers.get(formatCid(cid)) ?? [],
      });
      this.#circumstances.keep(path);
    } catch (error) {
      const refusal = requireRefusal(error);
      this.#tellFailure(index, invocation, refusal);
    }
  }

  #tellFailure(index: number, { cid }: Invocation, { code, message, details }: HanaperError): void {
    const { findings } = this.#circumstances;
    const about = formatCid(cid);
    if (code === 'proof_unavailable') {
      findings.addUnverifiable({ index, invocation: about, proof: String(details['cid']) });
    } else {
      this.#add('chain', index, cid, `The invocation ${about} was executed, and may not have been: ${message}`);
    }
  }

  #add(kind: FindingKind, index: number, cid: CID, message: string): void {
    this.#circumstances.findings.add({ kind, table: tokenTable, key: formatCid(cid), index, message });
  }
}
