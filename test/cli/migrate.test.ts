import { describe, expect, test } from 'vitest';
import { createCli, createInitialized } from '../support/cli.ts';
import { engines } from '../support/engines.ts';

interface Changed {
  readonly from: number;
  readonly to: number;
  readonly losses: readonly { readonly version: number; readonly rows: Readonly<Record<string, number>> }[];
}

describe.each(engines)('$name', (engine) => {
  test('database migrate goes down only where that is confirmed, says what is lost, and comes up again', async () => {
    const cli = await createInitialized(await engine.createUrl());
    await cli.done('key', 'create', 'labelled', '--label', 'Releases');
    const { from } = await cli.done<Changed>('database', 'migrate');
    await cli.refusesBoth('usage', 'database', 'migrate', '--to', '6');
    expect(await cli.done<Changed>('database', 'migrate')).toEqual({ from, to: from, losses: [] });
    const down = await cli.done<Changed>('database', 'migrate', '--to', '6', '--yes');
    expect(down).toMatchObject({ from, to: 6 });
    expect(down.losses.at(-1)).toMatchObject({
      version: 7,
      rows: { 'signing_keys.label': 1, 'trusted_keys.label': 1 },
    });
    expect(await cli.done<Changed>('database', 'migrate')).toEqual({ from: 6, to: from, losses: [] });
    const said = await cli.says('database', 'migrate', '--to', '0', '--yes');
    for (const text of [`from version ${from} to 0`, 'the log', 'signing_keys 2', 'older'])
      expect(said).toContain(text);
    await cli.refusesBoth('not_initialized', 'key', 'list');
    await cli.refuses('usage', 'database', 'migrate', '--to', '99', '--yes');
  });
});

test('database migrate needs a database that is initialised', async () => {
  const cli = await createCli('sqlite:missing.db');
  await cli.refusesBoth('not_initialized', 'database', 'migrate');
  await cli.refuses('usage', 'database', 'migrate', '--to', 'six');
  expect(cli.has('missing.db')).toBe(false);
});
