/** Stores containers when told to, and says how each went: `store-tokens.ts URL FILE`, FILE being JSON, a list of texts. */
import { readFileSync } from 'node:fs';
import { decodeDelegation, unpackTokens } from '../../../src/ucan/index.ts';
import { outcomeOf, say, waitForGo } from '../../store/children/say.ts';
import { byRawKey, openUnlocked } from '../../support/authority.ts';
import { storeAtOnce } from '../../support/tokens.ts';

const [url = '', file = ''] = process.argv.slice(2);
const containers: string[] = JSON.parse(readFileSync(file, 'utf8'));
const authority = await openUnlocked(url, {}, byRawKey(1));
await waitForGo();
for (const [index, container] of containers.entries()) {
  const delegations = (await unpackTokens(new TextEncoder().encode(container))).map(decodeDelegation);
  say({ index, outcome: await outcomeOf(() => storeAtOnce(authority, delegations)) });
}
await authority.close();
