import { type KeyRevocationDocument, type RevokedKeyDocument, revokeKey } from '../../authority/index.ts';
import { describeReason } from '../../authority/keys/revoke-keys.ts';
import { findKey } from '../find-key.ts';
import type { Outcome } from '../output.ts';
import { describeRest, type RevocationOptions, readRevocation } from '../revocation-options.ts';
import type { Session } from '../session.ts';

/** `hanaper key revoke KEY` */
export async function revoke(session: Session, reference: string, options: RevocationOptions): Promise<Outcome> {
  const args = readRevocation(options);
  const caller = await session.openCaller('write');
  const key = await findKey(caller, session.organisation, reference);
  const document = await caller.executeFor(session.organisation, revokeKey, { ...key, ...args });
  const { name, fingerprint, before, active_key: active } = document;
  return {
    document,
    lines: [
      before === null ? describeFirst(document) : describeStricter(document, before),
      `  fingerprint ${fingerprint}`,
      describeEffect(document),
      ...(before && args.effective_at === undefined
        ? ['If it was lost earlier, say since when: --effective TIME.']
        : []),
      ...(active === null ? [] : [`The key that signs as ${name} now is another, and stays as it is: ${active}.`]),
      ...describeOlder(document),
      '',
      active === null
        ? 'Next: hanaper key create NAME, then sign again what is to stay loadable.'
        : `Next: hanaper package sign FILE --key ${name}, for what is to stay loadable.`,
    ],
  };
}

function describeFirst({ name, trust_revoked: organisations }: RevokedKeyDocument): string {
  const trust =
    organisations === 1
      ? 'The one organisation that trusted it no longer does'
      : `The ${organisations} organisations that trusted it no longer do`;
  return `The signing key ${name} was revoked. ${organisations === 0 ? 'Nobody here trusted it' : trust}.`;
}

function describeStricter(
  { name, reason, effective_index: index, trust_revoked: organisations }: RevokedKeyDocument,
  before: KeyRevocationDocument,
): string {
  const change = reason === before.reason ? 'is so' : `is ${reason}`;
  const trust =
    organisations === 1
      ? 'That holds for the one organisation that trusted it'
      : `That holds for the ${organisations} organisations that trusted it`;
  const whom = organisations === 0 ? 'Nobody here trusted it' : trust;
  return `The signing key ${name} was revoked before ${describeReason(before.reason)}, and ${change} now, from index ${index} of the log on. ${whom}.`;
}

function describeEffect({ reason, effective_at }: KeyRevocationDocument): string {
  if (reason === null || effective_at === null) {
    return 'What it signed is refused from now on, wherever this database is asked.';
  }
  return describeRest(effective_at);
}

// Keys of one name often lie in one place: who has taken one of them may have taken the others.
function describeOlder({ reason, older_keys: older }: RevokedKeyDocument): readonly string[] {
  if (reason !== 'compromised' || older.length === 0) return [];
  return [
    'Other keys of that name were revoked before, and not as compromised. If somebody may have one of these:',
    ...older.map((fingerprint) => `  hanaper key revoke ${fingerprint} --reason compromised`),
  ];
}
