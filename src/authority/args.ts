import { z } from 'zod';
import { isSha256Hex } from '../crypto/fingerprint.ts';
import { isUuid } from '../crypto/uuid.ts';
import { parseTime } from '../signature/time.ts';
import { isCommand } from '../ucan/command.ts';
import { isDid } from '../ucan/fields.ts';

const mostNameCharacters = 63;

/** A name: kebab-case, at most 63 characters, and not of the form of an id. */
export const nameArg: z.ZodType<string> = z
  .string()
  .max(mostNameCharacters)
  .refine((text) => /^[a-z0-9]+(-[a-z0-9]+)*$/.test(text) && !isUuid(text), 'must be kebab-case, like release-2026');

/** A SHA-256 or a fingerprint: 64 lower-case hex characters. */
export const sha256Arg: z.ZodType<string> = z.string().refine(isSha256Hex, 'must be 64 lower-case hex characters');

/** A time: RFC 3339 in UTC with milliseconds, its one canonical form. */
export const timeArg: z.ZodType<string> = z
  .string()
  .max(30)
  .refine(isCanonicalTime, 'must be a time like 2026-01-31T12:00:00.000Z');

/** A DID in its canonical form, without a fragment. */
export const didArg: z.ZodType<string> = z.string().refine(isDid, 'must be a DID, like did:key:z6Mk…');

/** A UCAN command. */
export const commandArg: z.ZodType<string> = z.string().refine(isCommand, 'must be a command, like /package/sign');

/** No arguments. */
export const noArgs: z.ZodType<Record<string, never>> = z.strictObject({});

function isCanonicalTime(text: string): boolean {
  const milliseconds = parseTime(text);
  return milliseconds !== undefined && new Date(milliseconds).toISOString() === text;
}
