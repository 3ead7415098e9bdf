import { attempt } from '../../attempt.ts';
import { equalBytes } from '../../bytes.ts';
import { createUuid } from '../../crypto/uuid.ts';
import { hashOnlySignature, type PackageSignature, statementSignatures } from '../../signature/document.ts';
import type { PackageSignatureRow } from '../../store/engine/schema.ts';
import {
  insertSignature,
  lockSignatures,
  supersedeSignatures,
  toPackageName,
} from '../../store/tables/package-signatures.ts';
import type { CommandContext } from '../schemas/command.ts';

/**
 * Keeps a signature in the database. It supersedes what it makes needless, and nothing else: signatures of the same key
 * under the same name that are not newer and not valid longer, and expired ones. A signature that an active one makes
 * needless is kept as superseded.
 */
export async function keepSignature(
  { transaction, now }: Pick<CommandContext, 'transaction' | 'now'>,
  signed: PackageSignature,
): Promise<void> {
  const active = await lockSignatures(transaction, signed);
  const superseded = active.filter((row) => isSame(row, signed) || replaces(signed, row, now));
  const isNeedless = active.some((row) => !superseded.includes(row) && isReplaced(signed, row, now));
  await supersedeSignatures(transaction, superseded, now);
  await insertSignature(transaction, { ...toRow(signed, now), supersededAt: isNeedless ? now : null });
}

/**
 * The signature in a row, read from the bytes that were signed.
 *
 * @throws HanaperError `malformed_signature`
 */
export function readStoredSignature(row: PackageSignatureRow): PackageSignature {
  if (row.statement === null) {
    return hashOnlySignature(row.packageHash, row.keyFingerprint, row.signature, row.signedAt);
  }
  const signatures = statementSignatures(row.statement, row.signature);
  return signatures.find((signed) => isOfRow(row, signed)) ?? signatures[0];
}

// Of several subjects a row is about one.
function isOfRow({ packageHash, packageName }: PackageSignatureRow, signed: PackageSignature): boolean {
  return signed.packageHash === packageHash && toPackageName(signed.statement?.name) === packageName;
}

function isSame(row: PackageSignatureRow, { signature }: PackageSignature): boolean {
  return equalBytes(row.signature, signature);
}

// What cannot be read has been altered: it stays for an audit to name.
function replaces(signed: PackageSignature, row: PackageSignatureRow, now: string): boolean {
  const stored = attempt(() => readStoredSignature(row));
  return stored !== undefined && makesNeedless(signed, stored, now);
}

function isReplaced(signed: PackageSignature, row: PackageSignatureRow, now: string): boolean {
  const stored = attempt(() => readStoredSignature(row));
  return stored !== undefined && makesNeedless(stored, signed, now);
}

/** Whether anyone who accepts `other` would accept `one` as well: it is about the same, not older and not valid for less long. */
function makesNeedless(one: PackageSignature, other: PackageSignature, now: string): boolean {
  const isAboutSame =
    one.statement?.name === other.statement?.name && one.statement?.organisation === other.statement?.organisation;
  if (!isAboutSame) return false;
  if (endOf(other) < Date.parse(now)) return true;
  return Date.parse(one.signedAt) >= Date.parse(other.signedAt) && endOf(one) >= endOf(other);
}

function endOf({ statement }: PackageSignature): number {
  return statement?.expiresAt === undefined ? Number.POSITIVE_INFINITY : Date.parse(statement.expiresAt);
}

function toRow(signed: PackageSignature, now: string): PackageSignatureRow {
  const { format, packageHash, keyFingerprint, signature, signedAt, payload, statement } = signed;
  return {
    id: createUuid(new Date(now)),
    packageHash,
    keyFingerprint,
    signature,
    signedAt: toCanonicalTime(signedAt),
    format,
    statement: payload ?? null,
    expiresAt: statement?.expiresAt === undefined ? null : toCanonicalTime(statement.expiresAt),
    supersededAt: null,
    packageName: toPackageName(statement?.name),
  };
}

// A statement may tell its times with fewer decimals, or more, than either engine keeps.
function toCanonicalTime(time: string): string {
  return new Date(time).toISOString();
}
