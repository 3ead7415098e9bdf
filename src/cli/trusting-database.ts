import type { Authority } from '../authority/authority.ts';
import { HanaperError } from '../errors.ts';
import { isMissing, type Session } from './session.ts';

/**
 * Opens the database whose trust decides about a package. A machine that only verifies has none at the default place, and
 * is told what to give instead.
 *
 * @throws HanaperError `usage` where nothing says whom to trust, and what opening a database throws
 */
export async function openTrustingDatabase(session: Session): Promise<Authority> {
  try {
    return await session.openAuthority();
  } catch (error) {
    if (isMissing(error) && !session.locatesDatabase) throw nobodyTrusted();
    throw error;
  }
}

function nobodyTrusted(): HanaperError {
  return new HanaperError(
    'usage',
    'Nothing says whom to trust: give --trust-key FILE, or --trust-bundle FILE with --authority DID, or --db for a database that is elsewhere.',
    { option: '--trust-key' },
  );
}
