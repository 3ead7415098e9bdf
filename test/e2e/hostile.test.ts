import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Delegation, decodeDelegation, unpackTokens } from '../../src/ucan/index.ts';
import { type Cli, createInitialized } from '../support/cli.ts';
import {
  askWell,
  createStranger,
  type HostileKind,
  hostileKinds,
  type Sent,
  sendHostile,
  storeMany,
  type Target,
} from '../support/hostile.ts';
import { createServedWorld, type ServedWorld } from '../support/remote.ts';

const requests = 500;
const connections = 16;
// So many are made, and sent again and again: to make them costs more than to refuse them.
const variants = 8;
const stored = 1000;

let world: ServedWorld;
let target: Target;

beforeAll(async () => {
  const keeper = await createInitialized();
  world = await createServedWorld(keeper, { NODE_OPTIONS: '--max-old-space-size=256' });
  target = await createTarget(keeper);
  await keeper.done('org', 'set', 'acme', '--public-verification', 'on');
  await storeMany(world.url, target, stored);
});

afterAll(() => world[Symbol.asyncDispose]());

async function createTarget(keeper: Cli): Promise<Target> {
  const holder = await createStranger();
  const { did } = await keeper.done<{ did: string }>('status');
  const delegation = await delegate(keeper, holder.did, '/delegation');
  return { authority: did, holder, delegation, importing: await delegate(keeper, holder.did, '/ucan') };
}

async function delegate(keeper: Cli, audience: string, command: string): Promise<Delegation> {
  const file = `${command.slice(1)}.ucan`;
  await keeper.done('ucan', 'delegate', '--audience', audience, '--authority', '--command', command, '--output', file);
  const [bytes = new Uint8Array(0)] = await unpackTokens(keeper.read(file));
  return decodeDelegation(bytes);
}

/** Sends 500 of a kind, a few at a time. */
async function flood({ make }: HostileKind): Promise<void> {
  const sent = await Promise.all(Array.from({ length: variants }, () => make(target)));
  let next = 0;
  const sendOnAndOn = async () => {
    while (next < requests) await sendHostile(world.url, sent[next++ % variants] as Sent);
  };
  await Promise.all(Array.from({ length: connections }, sendOnAndOn));
}

test('there are thirty kinds', () => {
  expect(new Set(hostileKinds.map(({ name }) => name)).size).toBe(30);
});

test.each(hostileKinds)(
  'a server with a small heap is asked 500 times by $name, and answers others',
  async (kind) => {
    const others = Promise.all(Array.from({ length: 5 }, async () => sendHostile(world.url, await askWell(target))));
    await flood(kind);
    expect(await others).toEqual(Array(5).fill(200));
    expect(await sendHostile(world.url, await askWell(target))).toBe(200);
  },
  300_000,
);
