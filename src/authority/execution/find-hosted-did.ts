import { requireRefusal } from '../../attempt.ts';
import { resolveOrganisation } from './find-organisation.ts';
import type { Host } from './host.ts';

/** The DID of an organisation that is hosted here, by its name, DID or id; `undefined` if no such organisation is hosted. */
export async function findHostedDid(host: Host, reference: string): Promise<string | undefined> {
  try {
    return await host.followed.read(async (transaction, { generation }) => {
      const recall = host.memo.at(generation);
      return recall(`hosted/${reference}`, async () => (await resolveOrganisation(transaction, reference)).did);
    });
  } catch (error) {
    requireRefusal(error, 'not_found');
    return undefined;
  }
}
