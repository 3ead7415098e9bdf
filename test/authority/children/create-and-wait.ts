/** Creates a key, says so, and waits to be killed before its entry is under a checkpoint: `create-and-wait.ts URL NAME`. */
import { createKey } from '../../../src/authority/index.ts';
import { outcomeOf, say } from '../../store/children/say.ts';
import { byRawKey, openUnlocked } from '../../support/authority.ts';

const [url = '', name = ''] = process.argv.slice(2);
const authority = await openUnlocked(url, {}, byRawKey(1));
say(await outcomeOf(() => authority.executeFor('acme', createKey, { name })));
setInterval(() => undefined, 60_000);
