import type { z } from 'zod';
import { HanaperError } from '../errors.ts';

/** What a client must know of a command. Every command of `hanaper/authority` is one. */
export interface RemoteCommand<Subject, Args, Result> {
  /** `/noun/verb` */
  readonly name: string;
  readonly subject: Subject;
  readonly access: 'read' | 'write';
  readonly args: z.ZodType<Args>;
  readonly result: z.ZodType<Result>;
}

/**
 * Checks a command's arguments before a server is asked: the server does the same.
 *
 * @throws HanaperError `bad_input` naming the first field that is wrong
 */
export function requireArgs<Args>({ args: schema }: RemoteCommand<unknown, Args, unknown>, args: Args): void {
  const parsed = schema.safeParse(args);
  if (parsed.success) return;
  const [issue] = parsed.error.issues;
  const field = issue?.path.join('.') || '(arguments)';
  throw new HanaperError('bad_input', `${field}: ${issue?.message ?? 'is not valid'}.`, { field });
}
