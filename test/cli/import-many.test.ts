import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Cli, writeTokens } from '../support/cli.ts';
import { createServedWorld, type ServedWorld } from '../support/remote.ts';
import { cidsOfAll } from '../support/tokens.ts';
import { delegate, principals } from '../support/ucan.ts';

interface Imported {
  readonly stored: readonly string[];
  readonly known: readonly string[];
}

let world: ServedWorld;

beforeAll(async () => {
  world = await createServedWorld();
});

afterAll(() => world[Symbol.asyncDispose]());

test('a release with some hundred delegations is imported by one command, at a server too', async () => {
  const people = await principals(...Array.from({ length: 250 }, (_, i) => `of a release ${i}`));
  const [issuer, ...others] = people;
  if (issuer === undefined) throw new TypeError('a release has people');
  const delegations = await Promise.all(others.map((each) => delegate(issuer, each)));
  const run = async (cli: Cli) =>
    cli.done<Imported>('ucan', 'import', await writeTokens(cli, 'release.ucan', delegations));
  expect(new Set((await run(world.admin)).stored)).toEqual(new Set(cidsOfAll(delegations)));
  expect((await run(world.keeper)).known).toHaveLength(delegations.length);
});
