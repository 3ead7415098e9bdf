import { describe, expect, test } from 'vitest';
import { createInitialized, finish } from '../support/cli.ts';
import { engines } from '../support/engines.ts';
import { eventually } from '../support/eventually.ts';

describe.each(engines)('$name', (engine) => {
  test('log show --watch goes on with each entry that follows, until it is interrupted', async () => {
    const cli = await createInitialized(await engine.createUrl());
    const watcher = cli.start('log', 'show', '--watch', '--json', '--from', '0');
    const ended = finish(watcher);
    let said = '';
    watcher.stdout.on('data', (part) => {
      said += part;
    });
    const lines = () => said.trimEnd().split('\n').filter(Boolean);
    await eventually(() => lines().length === 2);
    await cli.done('key', 'create', 'second');
    await eventually(() => lines().length === 3);
    watcher.kill('SIGINT');
    expect((await ended).status).toBe(130);
    const entries = lines().map((line) => JSON.parse(line));
    expect(entries).toMatchObject([{ index: 0 }, { index: 1 }, { index: 2, key: 'second', organisation: 'acme' }]);
    const people = cli.start('log', 'show', '--watch', '--limit', '1');
    const closed = finish(people);
    let table = '';
    people.stdout.on('data', (part) => {
      table += part;
    });
    await eventually(() => / second /.test(table));
    await cli.done('key', 'create', 'third');
    await eventually(() => / third /.test(table));
    expect(table.match(/ENTRY/g)).toHaveLength(1);
    people.kill('SIGINT');
    await closed;
  });
});
