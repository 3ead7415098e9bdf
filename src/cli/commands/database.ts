import type { Authority } from '../../authority/authority.ts';
import { changeCredential, readStatus, type StatusDocument, validateAuthority } from '../../authority/index.ts';
import { equalBytes } from '../../bytes.ts';
import { HanaperError } from '../../errors.ts';
import { requireCostsWithinBounds } from '../../vault/costs.ts';
import type { Credential, KeySlot } from '../../vault/slot.ts';
import { requireStrongPassphrase } from '../../vault/strength.ts';
import type { CredentialSources } from '../credential.ts';
import type { Outcome } from '../output.ts';
import { askForNew } from '../question.ts';
import type { Session } from '../session.ts';
import { type CostOptions, chooseCosts } from './init.ts';

/** Options of `passphrase change`. */
export interface ChangeOptions extends CostOptions {
  readonly newPassphraseFile?: string;
  readonly newRawKeyFile?: string;
}

/** `hanaper status` */
export async function status(session: Session): Promise<Outcome> {
  const document = await readStatus(session.authorityOptions, (authority) => session.warnOfOldCopy(authority));
  return { document, lines: describeStatus(document) };
}

/** `hanaper validate` */
export async function validate(session: Session): Promise<Outcome> {
  const authority = await session.openAuthority();
  const document = await validateAuthority(authority, await session.findCredential());
  const { organisations, signing_keys, trusted_keys, key_slots, delegations, revocations } = document;
  return {
    document,
    lines: [
      `${authority.database.name} is sound.`,
      `  checked     ${count(key_slots, 'key slot')}, ${count(organisations, 'organisation')}, ${count(signing_keys, 'signing key')}, ${count(trusted_keys, 'trusted key')}`,
      `              ${count(delegations, 'delegation')}, ${count(revocations, 'revocation')}`,
      document.sealed_keys_opened
        ? '  sealed keys every one opens, and is the private half of its public key'
        : '  sealed keys not opened: give --passphrase-file FILE to check them too',
      document.rows_checked
        ? '  rows        every one is what the log says; the log itself is checked by: hanaper log verify'
        : '  rows        not checked against the log, which an older version has not begun: it begins when a command writes',
      ...(document.deleted_is_erased ? [] : [unerased]),
    ],
  };
}

const unerased =
  '  deleted     may still lie in the files: another process is reading. Once it has ended: hanaper validate';

/** `hanaper passphrase change` */
export async function changePassphrase(session: Session, options: ChangeOptions): Promise<Outcome> {
  const { rawKeyFile, passphraseFile } = session.credentialSources();
  requireOneFromStdin([rawKeyFile, passphraseFile, options.newPassphraseFile, options.newRawKeyFile]);
  const authority = await session.openUnwatched();
  await authority.logWatch.hold();
  const sources: Partial<CredentialSources> = {
    rawKeyFile: options.newRawKeyFile,
    passphraseFile: options.newPassphraseFile,
    variable: 'HANAPER_NEW_PASSPHRASE',
    question: askForNew(authority.database.name, options),
    confirm: true,
  };
  const given = await session.findCredential(sources);
  if (given) await requireStrong(given, options);
  const costs = chooseCosts(session, options, given?.kind ?? 'passphrase');
  requireCostsWithinBounds(costs);
  const current = await askForCurrent(session, authority);
  const next = given ?? (await session.requireCredential(sources));
  if (!given) await requireStrong(next, options);
  const { added, removed, erased } = await changeCredential(authority, current, next, costs);
  if (!erased) {
    session.warn(
      'Another process was reading, so the old slot still lies in the files. Once it has ended: hanaper validate.',
    );
  }
  return {
    document: { added: { id: added.id, kind: added.kind }, removed: { id: removed.id, kind: removed.kind }, erased },
    lines: isSame(current, next)
      ? ['The key slot was made anew, with the costs you asked for; what opens it stays the same.']
      : describeChange(authority.database.name, added, removed),
  };
}

async function requireStrong(credential: Credential, { allowWeak }: ChangeOptions): Promise<void> {
  if (credential.kind === 'passphrase' && !allowWeak) await requireStrongPassphrase(credential.passphrase);
}

// Nobody is to invent a new passphrase before the present one was right.
function askForCurrent(session: Session, authority: Authority): Promise<Credential> {
  const question = `Present passphrase of ${authority.database.name}`;
  if (!session.asksForPassphrase) return session.requireCredential();
  return session.tryCredential({ question }, async (credential) => {
    using _vault = (await authority.openVault(credential)).vault;
    return credential;
  });
}

function describeChange(database: string, added: KeySlot, removed: KeySlot): readonly string[] {
  const what = added.kind === 'raw' ? 'raw key' : 'passphrase';
  return [
    `The ${what} was changed; the old one no longer opens ${database}.`,
    removed.kind === 'derived'
      ? 'The old one still opens every copy made before, and with it the present keys: it was the root secret itself.'
      : 'Copies made before still open with the old one: replace or destroy old backups.',
  ];
}

function isSame(current: Credential, next: Credential): boolean {
  return current.kind === next.kind && equalBytes(bytesOf(current), bytesOf(next));
}

function bytesOf(credential: Credential): Uint8Array {
  return credential.kind === 'raw' ? credential.key.bytes : credential.passphrase.bytes;
}

function requireOneFromStdin(files: readonly (string | undefined)[]): void {
  if (files.filter((file) => file === '-').length < 2) return;
  throw new HanaperError('usage', 'Only one of the two can be read from standard input; give a file for the other.', {
    option: '--new-passphrase-file',
  });
}

function describeStatus(status: StatusDocument): readonly string[] {
  if (!status.initialized) return [`${status.database} is not initialised.`, '', 'Next: hanaper init --org NAME'];
  const slots = status.key_slots ?? [];
  return [
    `${status.database} is initialised, and its authority row is whole.`,
    `  authority     ${status.did}`,
    `  public key    ${status.public_key}`,
    `  created       ${status.created_at}`,
    `  key slots     ${slots.map(({ kind, created_at }) => `${kind} (since ${created_at})`).join(', ')}`,
    `  organisations ${status.organisations}`,
  ];
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
