import { z } from 'zod';
import type { SignatureDocument } from '../../signature/document.ts';

const base64 = z.string().max(128 * 1024);

/** A signature document of either format; whether what is in it fits together is read by the signature module. */
export const signatureArg: z.ZodType<SignatureDocument> = z.union([
  z
    .strictObject({
      payload: base64.describe('An in-toto statement, in base64'),
      payloadType: z.literal('application/vnd.in-toto+json'),
      signatures: z.tuple([z.strictObject({ keyid: z.string().max(256).exactOptional(), sig: base64 })]),
    })
    .describe('A DSSE envelope with one signature'),
  z
    .strictObject({
      version: z.literal(1),
      algorithm: z.literal('ed25519'),
      package_hash: z.string().max(64),
      key_fingerprint: z.string().max(64),
      signature: base64,
      signed_at: z.string().max(64),
    })
    .describe('A hash signature'),
]);
