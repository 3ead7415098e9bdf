/** Opens a database and migrates it when told to, and says how that went: `migrate.ts URL`. */
import { openStore } from '../../support/authority.ts';
import { outcomeOf, say, waitForGo } from './say.ts';

const [url = ''] = process.argv.slice(2);
await waitForGo();
say(await outcomeOf(async () => (await openStore(url, true)).close()));
