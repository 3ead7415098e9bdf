/** Unlocks a database when told to, and says how that went: `unlock.ts URL`. */
import { openAuthority } from '../../../src/authority/index.ts';
import { outcomeOf, say, waitForGo } from '../../store/children/say.ts';
import { byRawKey } from '../../support/authority.ts';

const [url = ''] = process.argv.slice(2);
const authority = await openAuthority({ database: url });
await waitForGo();
say(await outcomeOf(() => authority.unlock(byRawKey(1))));
await authority.close();
