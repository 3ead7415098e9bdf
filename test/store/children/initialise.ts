/** Initialises a database when told to, and says how that went: `initialise.ts URL`. */
import { byRawKey, initialize } from '../../support/authority.ts';
import { outcomeOf, say, waitForGo } from './say.ts';

const [url = ''] = process.argv.slice(2);
await waitForGo();
say(await outcomeOf(() => initialize(url, { slot: 'raw', credential: byRawKey(1) })));
