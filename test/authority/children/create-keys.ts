/** Creates keys when told to, and says how each went: `create-keys.ts URL COUNT PREFIX`. */
import { createKey } from '../../../src/authority/index.ts';
import { outcomeOf, say, waitForGo } from '../../store/children/say.ts';
import { byRawKey, openUnlocked } from '../../support/authority.ts';

const [url = '', count = '0', prefix = ''] = process.argv.slice(2);
const authority = await openUnlocked(url, {}, byRawKey(1));
await waitForGo();
for (let index = 0; index < Number(count); index++) {
  const name = `${prefix}-${index}`;
  say({ name, outcome: await outcomeOf(() => authority.executeFor('acme', createKey, { name })) });
}
await authority.close();
