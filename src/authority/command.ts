import type { z } from 'zod';
import type { EventName } from '../events.ts';
import type { OrganizationRow } from '../store/schema.ts';
import type { Transaction } from '../store/transaction.ts';
import type { AuthorityIdentity } from '../vault/authority-statement.ts';
import type { Vault } from '../vault/vault.ts';
import type { StoredTokens } from './stored-tokens.ts';

/** Whose command it is: the authority's, or one organisation's. */
export type CommandSubject = 'authority' | 'organisation';

/** What every handler is given besides its arguments. */
export interface CommandContext {
  readonly transaction: Transaction;
  /** The one time of this execution: RFC 3339, UTC, milliseconds. */
  readonly now: string;
  readonly authority: AuthorityIdentity;
  /** The tokens of this database. */
  readonly tokens: StoredTokens;
  /** @throws HanaperError `locked` */
  vault(): Vault;
  /** Notes an event, which observers are told of after the commit. */
  emit(name: EventName, details: Readonly<Record<string, unknown>>): void;
}

/** What the handler of an organisation's command is given. */
export interface OrganisationContext extends CommandContext {
  readonly organisation: OrganizationRow;
}

/**
 * One command: the single definition that the command line executes, and that every other edge will.
 * Args and result are JSON documents in snake_case (a private key to import excepted, which is a `Secret`).
 */
export interface Command<Subject extends CommandSubject, Args, Result> {
  /** `/noun/verb` */
  readonly name: string;
  readonly subject: Subject;
  readonly access: 'read' | 'write';
  /** Strict: no default, coercion, transform or unknown key. */
  readonly args: z.ZodType<Args>;
  /** The event that tells of a refusal. */
  readonly refusal?: EventName;
  /** Runs inside one transaction. */
  run(context: Subject extends 'organisation' ? OrganisationContext : CommandContext, args: Args): Promise<Result>;
}
