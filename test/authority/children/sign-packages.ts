/** Signs packages at full speed when told to, with checkpoints all the time: `sign-packages.ts URL COUNT`. Says each receipt. */
import { openSigner } from '../../../src/authority/index.ts';
import { formatCid, signInvocation } from '../../../src/ucan/index.ts';
import { say, waitForGo } from '../../store/children/say.ts';
import { byRawKey, openUnlocked } from '../../support/authority.ts';

const clients = 4;

const [url = '', count = '0'] = process.argv.slice(2);
const authority = await openUnlocked(url, { checkpointDelay: 5 }, byRawKey(1));
const acme = await openSigner(authority, { organisation: 'acme' });
await waitForGo();
await Promise.all(Array.from({ length: clients }, work));
await authority.close();

async function work(): Promise<void> {
  for (let at = 0; at < Number(count) / clients; at++) {
    const invocation = await signInvocation(acme, {
      subject: acme.did,
      command: '/package/sign',
      args: { hash: 'ab'.repeat(32), name: 'plugin.wasm', key: 'release' },
      expiration: Math.floor(Date.now() / 1000) + 300,
    });
    const answer = await authority.executeRequest({ invocation, given: [] });
    if (answer.kind === 'receipt') say({ receipt: formatCid(answer.receipt.invocation.cid), index: answer.index });
  }
}
