import { basename } from 'node:path';
import { requireRefusal } from '../../attempt.ts';
import { type AttachedDocument, attachSignature } from '../../authority/commands/package.ts';
import type { ErrorCode, HanaperError } from '../../errors.ts';
import { hashPackage } from '../../package/hash-package.ts';
import { readSignatureDocuments, signaturePathOf } from '../../package/signature-file.ts';
import type { Outcome } from '../output.ts';
import type { Session } from '../session.ts';

/** Options of `package attach`. */
export interface AttachOptions {
  readonly signature?: string;
  readonly name?: string;
}

// Why one signature of several is not kept; what else goes wrong is nothing about that signature.
const unfit: readonly ErrorCode[] = [
  'package_tampered',
  'untrusted_signer',
  'invalid_signature',
  'signature_expired',
  'signature_not_yet_valid',
  'package_name_mismatch',
];

/** `hanaper package attach FILE`: keeps those signatures beside a file that are valid and by trusted keys, at least one. */
export async function attach(session: Session, file: string, options: AttachOptions): Promise<Outcome> {
  const path = options.signature ?? signaturePathOf(file);
  const documents = readSignatureDocuments(path);
  const caller = await session.openCaller('write');
  const hash = await hashPackage(file, session.progress);
  const name = options.name ?? basename(file);
  const attached: AttachedDocument[] = [];
  const refusals: HanaperError[] = [];
  for (const signature of documents) {
    try {
      attached.push(await caller.executeFor(session.organisation, attachSignature, { hash, name, signature }));
    } catch (error) {
      refusals.push(requireRefusal(error, ...unfit));
    }
  }
  const [refusal] = refusals;
  if (attached.length === 0 && refusal) throw refusal;
  return {
    document: { package_hash: hash, attached, refused: refusals.map(({ code }) => code) },
    lines: [
      ...attached.map(({ key_fingerprint }) => `The signature of ${file} by ${key_fingerprint} is kept.`),
      ...refusals.map(({ message, code }) => `Not kept: ${message} (${code})`),
      '',
      `Next: hanaper package verify ${file}`,
    ],
  };
}
