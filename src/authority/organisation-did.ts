import { HanaperError } from '../errors.ts';
import { resolveOrganisation } from './find-organisation.ts';
import type { Host } from './host.ts';

/** The DID of an organisation that is hosted here, by its name, DID or id; `undefined` where there is none. */
export async function organisationDid(host: Host, reference: string): Promise<string | undefined> {
  try {
    const row = await host.database.transact('read', (transaction) => resolveOrganisation(transaction, reference));
    return row.did;
  } catch (error) {
    if (error instanceof HanaperError && error.code === 'not_found') return undefined;
    throw error;
  }
}
