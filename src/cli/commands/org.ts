import {
  createOrganisation,
  listOrganisations,
  type OrganisationDocument,
  setOrganisation,
  showOrganisation,
} from '../../authority/index.ts';
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
  const rows = document.organisations.map(({ name, did, created_at }) => [name, did, created_at]);
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

/** Options of `org set`. */
export interface SetOptions {
  readonly hashSignatures: 'on' | 'off';
}

/** `hanaper org set NAME --hash-signatures on|off` */
export async function set(session: Session, reference: string, { hashSignatures }: SetOptions): Promise<Outcome> {
  const caller = await session.openCaller('write');
  const document = await caller.executeFor(reference, setOrganisation, { hash_signatures: hashSignatures });
  const may = hashSignatures === 'on' ? 'may now make' : 'no longer makes';
  return { document, lines: [`${document.name} ${may} hash signatures (--format v1).`] };
}

function describe({ id, name, did, hash_signatures, created_at }: OrganisationDocument): readonly string[] {
  return [
    name,
    `  did             ${did}`,
    `  id              ${id}`,
    `  hash signatures ${hash_signatures}`,
    `  created         ${created_at}`,
  ];
}
