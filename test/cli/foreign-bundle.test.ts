import { expect, test } from 'vitest';
import { createRemoteWorld } from '../support/remote.ts';

test('a server gives no bundle as its authority’s that another has signed, or nobody', async () => {
  const foreign = await createRemoteWorld();
  const { bundle: other } = await foreign.admin.done<{ bundle: string }>('trust', 'export', '--output', '-');
  await foreign[Symbol.asyncDispose]();
  let change: (result: Readonly<Record<string, unknown>>) => object = (result) => result;
  await using world = await createRemoteWorld(undefined, {
    intercept: (_, answer) => {
      const document = typeof answer.body === 'string' ? JSON.parse(answer.body || '{}') : {};
      if (document.result?.bundle === undefined) return answer;
      return { ...answer, body: JSON.stringify({ result: change(document.result) }) };
    },
  });
  const { admin, authority } = world;
  const exported = () => admin.done('trust', 'export', '--output', 'own.trust');
  const { did } = authority.identity;
  expect(await exported()).toMatchObject({ authority: did, organisation: 'acme' });
  change = (result) => ({ ...result, bundle: other });
  await admin.refuses('authority_changed', 'trust', 'export', '--output', 'other.trust');
  change = (result) => ({ ...result, bundle: '{}' });
  await admin.refuses('trust_tampered', 'trust', 'export', '--output', 'other.trust');
  expect(admin.has('other.trust')).toBe(false);
  change = (result) => ({
    ...result,
    authority: 'did:key:z6MkfurJaSs8KyT8bPjGu4GKs8bibbdu5h353L1xUZDpLc4t',
    version: 9,
  });
  expect(await exported()).toMatchObject({ authority: did });
});
