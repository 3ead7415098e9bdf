import type { z } from 'zod';
import type { Budget } from '../../budget.ts';
import type { EventName } from '../../events.ts';
import type { OrganizationRow } from '../../store/engine/schema.ts';
import type { Transaction } from '../../store/engine/transaction.ts';
import type { Delegation } from '../../ucan/token/delegation.ts';
import type { Invocation } from '../../ucan/token/invocation.ts';
import type { AuthorityIdentity } from '../../vault/authority-statement.ts';
import type { Vault } from '../../vault/vault.ts';
import type { StoredTokens } from '../tokens/stored-tokens.ts';

/** Gives what is kept under a name, else what `load` gives, which is then kept. */
export type Recall = <Value>(name: string, load: () => Promise<Value>) => Promise<Value>;

/** On whose power a command is invoked: the authority's, one organisation's, or that of its own subject. */
export type CommandSubject = 'authority' | 'organisation' | 'anybody';

/** What every handler is given besides its arguments. */
export interface CommandContext {
  readonly transaction: Transaction;
  /** The one time of this execution: RFC 3339, UTC, milliseconds. */
  readonly now: string;
  readonly authority: AuthorityIdentity;
  /** Where the log ends: the index of the entry that records a command that writes. */
  readonly entryIndex: number;
  /** The time of that entry: `now`, or later where the clock was put back. */
  readonly enrolledAt: string;
  /** What the request may still have done. */
  readonly budget: Budget;
  /** The tokens of this database. */
  readonly tokens: StoredTokens;
  /** What was read before, for as long as nothing has changed. */
  readonly recall: Recall;
  /** The delegations that came beside the invocation; nobody has verified them. */
  readonly given: readonly Delegation[];
  /** @throws HanaperError `locked` */
  vault(): Vault;
  /** Notes an event, which observers receive after the commit. */
  emit(name: EventName, details: Readonly<Record<string, unknown>>): void;
  /** Has something done once all of it is committed. */
  afterCommit(act: () => void): void;
  /** Locks the vault. */
  lock(): void;
  /** The root of the power that is used, whose allowance pays for what is kept; absent for a caller without a bound. */
  readonly powerRoot?: string | undefined;
  /** What the command's own `prepare` has found out. */
  readonly prepared?: unknown;
}

/** What the handler of an organisation's command is given. */
export interface OrganisationContext extends CommandContext {
  readonly organisation: OrganizationRow;
}

/** What the handler of a command about anybody is given. */
export interface InvocationContext extends CommandContext {
  readonly invocation: Invocation;
  /** Whether a local caller handed it in. */
  readonly isLocal: boolean;
}

/** What the handler of a command is given, by its subject. */
export type ContextOf<Subject extends CommandSubject> = Subject extends 'organisation'
  ? OrganisationContext
  : Subject extends 'anybody'
    ? InvocationContext
    : CommandContext;

/** Where a command stands in the HTTP API. */
interface Route {
  readonly method: 'GET' | 'POST' | 'PATCH';
  /** `{org}` is the subject, any other `{name}` an argument; the rest is the query, or the body. */
  readonly path: string;
}

/**
 * One command: the single definition from which come the command line's local and remote call, the HTTP route, its
 * OpenAPI description and the page about it. Args and result are JSON documents in snake_case.
 */
export interface Command<Subject extends CommandSubject, Args, Result> {
  /** `/noun/verb` */
  readonly name: string;
  /** What it does, in a sentence. */
  readonly summary: string;
  readonly subject: Subject;
  readonly access: 'read' | 'write';
  readonly route: Route;
  /** Strict: no default, coercion, transform or unknown key. */
  readonly args: z.ZodType<Args>;
  readonly result: z.ZodType<Result>;
  /** Whether the log's entries are brought under a checkpoint first, if the vault is open. */
  readonly needsCheckpoint?: true;
  /** Whether it signs what it gives although it only reads, and so needs the open vault. */
  readonly signs?: true;
  /** The event that reports a refusal. */
  readonly refusal?: EventName;
  /**
   * Finds out, before the turn to write, what is costly to; others may write in between. What it refuses is refused as if
   * the request were not authorised.
   */
  prepare?(context: ContextOf<Subject>, args: Args): Promise<unknown>;
  /** Runs inside one transaction. */
  run(context: ContextOf<Subject>, args: Args): Promise<Result>;
}

/** A command of which nothing more is known. */
export type AnyCommand = Command<CommandSubject, unknown, unknown>;
