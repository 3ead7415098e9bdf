import {
  createOrganisation,
  listOrganisations,
  type OrganisationDocument,
  setOrganisation,
  showOrganisation,
} from '../../authority/index.ts';
import { HanaperError } from '../../errors.ts';
import { markState } from '../altered.ts';
import { formatTable, type Outcome } from '../output.ts';
import type { Session } from '../session.ts';

/** `hanaper org create NAME` */
export async function create(session: Session, name: string): Promise<Outcome> {
  const caller = await session.openCaller('write');
  const document = await caller.execute(createOrganisation, { name });
  return {
    document,
    lines: [
      `The organisation ${name} was created.`,
      `  did ${document.did}`,
      '',
      `Next: hanaper key create release --org ${name}`,
    ],
  };
}

/** `hanaper org list` */
export async function list(session: Session): Promise<Outcome> {
  const caller = await session.openCaller('read');
  const document = await caller.execute(listOrganisations, {});
  const rows = document.organisations.map(({ name, did, created_at, ...row }) => [
    name,
    did,
    markState(created_at, row),
  ]);
  return {
    document,
    lines:
      rows.length > 0
        ? formatTable(['NAME', 'DID', 'CREATED'], rows)
        : ['There is no organisation yet.', '', 'Next: hanaper org create NAME'],
  };
}

/** `hanaper org show NAME` */
export async function show(session: Session, reference: string): Promise<Outcome> {
  const caller = await session.openCaller('read');
  const document = await caller.executeFor(reference, showOrganisation, {});
  return { document, lines: describe(document) };
}

/** Options of `org set`, at least one. */
export interface SetOptions {
  readonly hashSignatures?: 'on' | 'off';
  readonly publicVerification?: 'on' | 'off';
}

/** `hanaper org set NAME` */
export async function set(session: Session, reference: string, options: SetOptions): Promise<Outcome> {
  const { hashSignatures, publicVerification } = options;
  if (hashSignatures === undefined && publicVerification === undefined) throw nothingToSet();
  const caller = await session.openCaller('write');
  const document = await caller.executeFor(reference, setOrganisation, {
    ...(hashSignatures !== undefined && { hash_signatures: hashSignatures }),
    ...(publicVerification !== undefined && { public_verification: publicVerification }),
  });
  return { document, lines: describeSet(document, options) };
}

function describeSet({ name }: OrganisationDocument, { hashSignatures, publicVerification }: SetOptions) {
  const lines: string[] = [];
  if (hashSignatures !== undefined) {
    const may = hashSignatures === 'on' ? 'may now make' : 'no longer makes';
    lines.push(`${name} ${may} hash signatures (--format v1).`);
  }
  if (publicVerification !== undefined) {
    const may = publicVerification === 'on' ? 'may now' : 'can no longer';
    lines.push(`Anybody who reaches a server of this database ${may} ask it whether ${name} trusts a signature.`);
  }
  return lines;
}

function nothingToSet(): HanaperError {
  return new HanaperError('usage', 'Say what to change: --hash-signatures on|off, --public-verification on|off.', {
    option: '--hash-signatures',
  });
}

function describe(document: OrganisationDocument): readonly string[] {
  const { id, name, did, hash_signatures, public_verification, created_at } = document;
  return [
    name,
    `  did                 ${did}`,
    `  id                  ${id}`,
    `  hash signatures     ${hash_signatures}`,
    `  public verification ${public_verification}`,
    `  created             ${created_at}`,
  ];
}
