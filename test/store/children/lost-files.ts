/** Adds a key, waits, and ends in one of two ways: `url exit|close`. */
import { createKey } from '../../../src/authority/index.ts';
import { byRawKey, openUnlocked } from '../../support/authority.ts';
import { say, waitForGo } from './say.ts';

const [url = '', end = ''] = process.argv.slice(2);
const authority = await openUnlocked(url, {}, byRawKey(1));
await authority.executeFor('acme', createKey, { name: 'lost' });
say('written');
await waitForGo();
if (end === 'close') await authority.close();
process.exit();
