import { attempt } from '../../../attempt.ts';
import { encodeHex, encodeUtf8 } from '../../../bytes.ts';
import { sha256 } from '../../../crypto/digest.ts';
import { formatCid } from '../../../ucan/encoding/cid.ts';
import { type IpldValue, isIpldMap } from '../../../ucan/encoding/ipld.ts';
import type { Invocation } from '../../../ucan/token/invocation.ts';
import type { Receipt } from '../../../ucan/token/receipt.ts';
import { readRevocation, revokeCommand } from '../../../ucan/token/revocation.ts';

/** What an act that was executed must have written. */
export interface RequiredRows {
  /** The act's own entry has a row of this table. */
  readonly table?: string;
  /** These rows, by the act's own entry or one before it. */
  readonly rows: readonly { readonly table: string; readonly key: string }[];
}

// By the names of tables in SQL.
const tableOf: Readonly<Record<string, string>> = {
  '/org/create': 'organizations',
  '/org/set': 'organizations',
  '/policy/set': 'organizations',
  '/key/create': 'signing_keys',
  '/key/import': 'signing_keys',
  '/key/rotate': 'signing_keys',
  '/key/revoke': 'signing_keys',
  '/trust/add': 'trusted_keys',
  '/trust/revoke': 'trusted_keys',
  '/acl/grant': 'key_trust_acls',
  '/acl/revoke': 'key_trust_acls',
  '/package/attach': 'package_signatures',
};

/** Tells what an act must have written, by its command and its receipt; nothing where it was refused. */
export function listRequiredRows(invocation: Invocation, { out }: Receipt): RequiredRows {
  if (!('ok' in out)) return { rows: [] };
  const { command, args } = invocation;
  const table = args['store'] === true ? storingTable(command) : tableOf[command];
  return { ...(table !== undefined && { table }), rows: listKeyedRows(invocation, out.ok) };
}

function storingTable(command: string): string | undefined {
  return command === '/package/sign' || command === '/package/sign-hash' ? 'package_signatures' : tableOf[command];
}

function listKeyedRows(invocation: Invocation, result: IpldValue): RequiredRows['rows'] {
  switch (invocation.command) {
    case revokeCommand: {
      const revocation = attempt(() => readRevocation(invocation));
      const key = revocation && `${formatCid(revocation.target)} ${revocation.revokedBy}`;
      return key === undefined ? [] : [{ table: 'ucan_revocations', key }];
    }
    case '/delegation/store':
      return [...listTexts(fieldOf(result, 'stored')), ...listTexts(fieldOf(result, 'known'))].map((key) => ({
        table: 'ucan_delegations',
        key,
      }));
    case '/ucan/import-legacy':
      return listTakenIn(invocation, result).map((key) => ({ table: 'ucan_legacy_tokens', key }));
    default:
      return [];
  }
}

/** The digests of the legacy tokens that were not refused. */
function listTakenIn({ args }: Invocation, result: IpldValue): readonly string[] {
  const refusals = fieldOf(result, 'refused');
  const refused = new Set(Array.isArray(refusals) ? refusals.map((each) => fieldOf(each, 'index')) : []);
  return listTexts(args['tokens'])
    .filter((_, index) => !refused.has(index))
    .map((token) => encodeHex(sha256(encodeUtf8(token))));
}

function listTexts(value: IpldValue | undefined): readonly string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];
}

function fieldOf(value: IpldValue, name: string): IpldValue | undefined {
  return isIpldMap(value) ? value[name] : undefined;
}
