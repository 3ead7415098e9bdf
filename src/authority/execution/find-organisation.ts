import { isUuid } from '../../crypto/uuid.ts';
import { HanaperError } from '../../errors.ts';
import type { OrganizationRow } from '../../store/engine/schema.ts';
import type { Transaction } from '../../store/engine/transaction.ts';
import { findOrganization, listOrganizations } from '../../store/tables/organizations.ts';

/**
 * The organisation of a name, a DID or an id; without one, the only organisation there is.
 *
 * @throws HanaperError `not_found`, `usage` where none is named and there are several
 */
export function resolveOrganisation(transaction: Transaction, reference?: string): Promise<OrganizationRow> {
  return reference === undefined ? findOnly(transaction) : findByReference(transaction, reference);
}

async function findByReference(transaction: Transaction, reference: string): Promise<OrganizationRow> {
  const found = isPrintable(reference) ? await findOrganization(transaction, keyOf(reference)) : undefined;
  if (found) return found;
  throw new HanaperError('not_found', `There is no organisation "${reference.slice(0, 100)}".`, {
    kind: 'organisation',
    remedy: 'list_organisations',
  });
}

// No name, DID or id holds more than printable ASCII; PostgreSQL refuses U+0000 in any text.
function isPrintable(reference: string): boolean {
  return /^[\x20-\x7e]+$/.test(reference);
}

function keyOf(reference: string): { name: string } | { did: string } | { id: string } {
  if (reference.startsWith('did:')) return { did: reference };
  return isUuid(reference) ? { id: reference } : { name: reference };
}

async function findOnly(transaction: Transaction): Promise<OrganizationRow> {
  const organisations = await listOrganizations(transaction);
  const [only] = organisations;
  if (only === undefined) {
    throw new HanaperError('not_found', 'There is no organisation yet.', {
      kind: 'organisation',
      remedy: 'create_organisation',
    });
  }
  if (organisations.length === 1) return only;
  const names = organisations.map(({ name }) => name);
  throw new HanaperError('usage', `There are several organisations: ${names.join(', ')}. Say which.`, {
    organisations: names,
    remedy: 'name_organisation',
  });
}
