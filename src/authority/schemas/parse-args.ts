import type { z } from 'zod';
import { HanaperError } from '../../errors.ts';

/**
 * Checks a command's arguments.
 *
 * @throws HanaperError `bad_input` naming the first field that is wrong
 */
export function parseArgs<Args>(schema: z.ZodType<Args>, args: unknown): Args {
  const parsed = schema.safeParse(args);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const field = issue?.path.join('.') || '(arguments)';
  throw new HanaperError('bad_input', `${field}: ${issue?.message ?? 'is not valid'}.`, { field });
}
