import { Hono } from 'hono';
import { expect, test } from 'vitest';
import type { Authority } from '../../../src/authority/authority.ts';
import { HanaperError } from '../../../src/errors.ts';
import { readBearer } from '../../../src/http/request/bearer.ts';
import { setBodyShare } from '../../../src/http/request/body.ts';
import { BodyRoom, type BodyShare } from '../../../src/http/request/body-room.ts';
import { DelegationCache, encodeContainer } from '../../../src/ucan/index.ts';
import { invoke, principal } from '../../support/ucan.ts';

const bytesOfOne = 262_144;
const alice = await principal('alice');
const authority = { knownDelegations: async () => new DelegationCache() } as Partial<Authority> as Authority;

async function headerOf(values: number): Promise<string> {
  const { bytes } = await invoke(alice, alice, [], { args: { list: new Array(values).fill(0) } });
  return `Bearer ${new TextDecoder().decode(await encodeContainer([bytes], 'base64url-gzip'))}`;
}

/** How many requests of one address are held while their bodies do not come. */
async function holdUntilRefused(header: string, most: number): Promise<number> {
  const room = new BodyRoom({ bytesOfAll: 10 * bytesOfOne, bytesOfOne, freeBytes: 16_384 });
  const shares: BodyShare[] = [];
  const app = new Hono();
  app.get('/', async (context) => {
    const share = room.open('192.0.2.1');
    shares.push(share);
    setBodyShare(context, share);
    try {
      await readBearer(context, authority);
      return context.text('held');
    } catch (error) {
      return context.text(error instanceof HanaperError ? error.code : 'internal');
    }
  });
  for (let held = 0; held < most; held++) {
    const answer = await (await app.request('/', { headers: { Authorization: header } })).text();
    if (answer !== 'held') {
      expect(answer).toBe('unavailable');
      return held;
    }
  }
  return most;
}

test('what a header unzips to, and the values in it, count as a body does while the body is awaited', async () => {
  const header = await headerOf(2000);
  expect(header.length).toBeLessThan(2000);
  const held = await holdUntilRefused(header, 100);
  expect(held).toBeGreaterThan(0);
  expect(held).toBeLessThan(2);
});

test('a short one is always held', async () => {
  expect(await holdUntilRefused(await headerOf(5), 50)).toBe(50);
});
