import { HanaperError } from '../errors.ts';
import { clientLimits } from './limits.ts';
import { isRecord } from './read-json.ts';

/** What an organisation is known by. */
export interface KnownOrganisation {
  readonly id: string;
  readonly name: string;
  readonly did: string;
}

/** Reads what `/org/list` tells; `undefined` where it is not of its form. */
export function readOrganisations(result: unknown): readonly KnownOrganisation[] | undefined {
  const list = isRecord(result) ? result['organisations'] : undefined;
  return Array.isArray(list) && list.every(isOrganisation) ? list : undefined;
}

/**
 * The DID of the organisation of a name or an id; without one, of the only organisation there is.
 *
 * @throws HanaperError `not_found`, `usage` where none is named and there are several
 */
export function findOrganisation(organisations: readonly KnownOrganisation[], reference?: string): string {
  const found =
    reference === undefined
      ? organisations
      : organisations.filter(({ id, name }) => reference === id || reference === name);
  const [only] = found;
  if (only !== undefined && found.length === 1) return only.did;
  throw only === undefined ? noOrganisation(reference) : severalOrganisations(organisations);
}

function isOrganisation(value: unknown): value is KnownOrganisation {
  return isRecord(value) && [value['id'], value['name'], value['did']].every((field) => typeof field === 'string');
}

function noOrganisation(reference: string | undefined): HanaperError {
  const message =
    reference === undefined
      ? 'There is no organisation yet.'
      : `There is no organisation "${reference.slice(0, 100)}".`;
  const remedy = reference === undefined ? 'create_organisation' : 'list_organisations';
  return new HanaperError('not_found', message, { kind: 'organisation', remedy });
}

function severalOrganisations(organisations: readonly KnownOrganisation[]): HanaperError {
  const names = organisations.slice(0, clientLimits.names).map(({ name }) => name.slice(0, 100));
  const more = organisations.length > names.length ? ', …' : '';
  return new HanaperError('usage', `There are several organisations: ${names.join(', ')}${more}. Say which.`, {
    organisations: names,
    remedy: 'name_organisation',
  });
}
