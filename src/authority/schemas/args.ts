import { CID } from 'multiformats/cid';
import { z } from 'zod';
import { attempt } from '../../attempt.ts';
import { isSha256Hex } from '../../crypto/fingerprint.ts';
import { isUuid } from '../../crypto/uuid.ts';
import { isPrintable } from '../../printable.ts';
import { parseTime } from '../../signature/time.ts';
import { isTokenCid, parseCid } from '../../ucan/encoding/cid.ts';
import { isCommand } from '../../ucan/token/command.ts';
import { isDid } from '../../ucan/token/fields.ts';

const maxNameCharacters = 63;

/** A name: kebab-case, at most 63 characters, and not of the form of an id. */
export const nameArg: z.ZodType<string> = z
  .string()
  .max(maxNameCharacters)
  .refine((text) => /^[a-z0-9]+(-[a-z0-9]+)*$/.test(text) && !isUuid(text), 'must be kebab-case, like release-2026')
  .meta({ pattern: '^[a-z0-9]+(-[a-z0-9]+)*$' });

const mostLabelCharacters = 255;

/** A label for people: up to 255 characters that can be seen, without white space at its ends. */
export const labelArg: z.ZodType<string> = z
  .string()
  .refine(isLabel, `must be 1 to ${mostLabelCharacters} visible characters, without spaces at the ends`)
  .meta({ minLength: 1, maxLength: mostLabelCharacters });

/** A SHA-256 or a fingerprint: 64 lower-case hex characters. */
export const sha256Arg: z.ZodType<string> = z
  .string()
  .refine(isSha256Hex, 'must be 64 lower-case hex characters')
  .meta({ pattern: '^[0-9a-f]{64}$' });

/** A time: RFC 3339 in UTC with milliseconds, its one canonical form. */
export const timeArg: z.ZodType<string> = z
  .string()
  .max(30)
  .refine(isCanonicalTime, 'must be a time like 2026-01-31T12:00:00.000Z')
  .meta({ format: 'date-time', pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}\\.\\d{3}Z$' });

/** A DID in its canonical form, without a fragment. */
export const didArg: z.ZodType<string> = z
  .string()
  .refine(isDid, 'must be a DID, like did:key:z6Mk…')
  .meta({ pattern: '^did:[a-z0-9]+:' });

/** A UCAN command. */
export const commandArg: z.ZodType<string> = z
  .string()
  .refine(isCommand, 'must be a command, like /package/sign')
  .meta({ pattern: '^/' });

/** The CID of a token: a link, in JSON `{"/": "zdpu…"}`. */
export const cidArg: z.ZodType<CID> = z
  .custom<CID>((value) => value instanceof CID && isTokenCid(value), 'must be the link of a token, {"/": "zdpu…"}')
  .meta({
    type: 'object',
    description: 'The CID of a token, as a link of DAG-JSON',
    properties: { '/': { type: 'string' } },
    required: ['/'],
    additionalProperties: false,
  });

/** The CID of a token as text, in base58btc. */
export const cidText: z.ZodType<string> = z.string().meta({ pattern: '^zdpu[1-9A-HJ-NP-Za-km-z]+$' });

/** The CID of a token as text, in any of the common bases: other programs write `bafyrei…`. */
export const anyCidText: z.ZodType<string> = z
  .string()
  .max(128)
  .refine(isCidText, 'must be the CID of a token, like zdpu… or bafyrei…')
  .meta({ pattern: '^[A-Za-z0-9_=-]+$' });

/** Whether something is allowed. */
export const switchArg: z.ZodType<'on' | 'off'> = z.enum(['on', 'off']);

/** No arguments. */
export const noArgs: z.ZodType<Record<string, never>> = z.strictObject({});

function isLabel(text: string): boolean {
  // In characters, as both engines count them.
  const { length } = [...text.slice(0, 2 * mostLabelCharacters + 1)];
  return length > 0 && length <= mostLabelCharacters && text.trim() === text && isPrintable(text);
}

function isCidText(text: string): boolean {
  return attempt(() => parseCid(text)) !== undefined;
}

function isCanonicalTime(text: string): boolean {
  const milliseconds = parseTime(text);
  return milliseconds !== undefined && new Date(milliseconds).toISOString() === text;
}
