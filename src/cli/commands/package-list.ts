import {
  type ListPackagesArgs,
  listPackages,
  type PackageListDocument,
  type SignedPackageDocument,
} from '../../authority/commands/package-list.ts';
import type { AlteredDocument } from '../../authority/trust/find-altered-rows.ts';
import { parseSince } from '../duration.ts';
import { formatTable, type Outcome } from '../output.ts';
import type { Session } from '../session.ts';

/** Options of `package list`. */
export interface ListOptions {
  readonly key?: string;
  readonly name?: string;
  readonly since?: string;
}

const pageLength = 1000;

/** `hanaper package list` */
export async function list(session: Session, { key, name, since }: ListOptions): Promise<Outcome> {
  const { organisation } = session;
  const about: ListPackagesArgs = {
    ...(organisation !== undefined && { organisation }),
    ...(key !== undefined && { key }),
    ...(name !== undefined && { name }),
    ...(since !== undefined && { since: parseSince(since, new Date()) }),
    limit: pageLength,
  };
  const caller = await session.openCaller('read');
  const signatures: SignedPackageDocument[] = [];
  const altered: AlteredDocument[] = [];
  for (let from: number | undefined = 0; from !== undefined; ) {
    const page: PackageListDocument = await caller.execute(listPackages, { ...about, ...(from > 0 && { from }) });
    signatures.push(...page.signatures);
    altered.push(...(page.altered ?? []));
    from = page.next;
  }
  return { document: { signatures, ...(altered.length > 0 && { altered }) }, lines: describe(signatures) };
}

function describe(signatures: readonly SignedPackageDocument[]): readonly string[] {
  if (signatures.length === 0) return ['Nothing of that kind was signed since the log began.'];
  const rows = signatures.map(
    ({ enrolled_at, signed_at, organisation, subject, name, key, key_fingerprint, hash, issuer, index }) => [
      String(index),
      signed_at ?? enrolled_at,
      organisation ?? subject,
      name ?? '-',
      key ?? '-',
      key_fingerprint ?? '-',
      hash ?? '-',
      issuer,
    ],
  );
  return formatTable(['ENTRY', 'SIGNED', 'ORGANISATION', 'NAME', 'KEY', 'FINGERPRINT', 'HASH', 'BY'], rows);
}
