/** Changes a raw key into another when told to, and says when that is done: `change-credential.ts URL FROM TO`. */
import { changeCredential, openAuthority } from '../../../src/authority/index.ts';
import { outcomeOf, say, waitForGo } from '../../store/children/say.ts';
import { byRawKey, costs } from '../../support/authority.ts';

const [url = '', from = '1', to = '2'] = process.argv.slice(2);
const authority = await openAuthority({ database: url });
await waitForGo();
say(await outcomeOf(() => changeCredential(authority, byRawKey(Number(from)), byRawKey(Number(to)), costs)));
await authority.close();
