import { copyFileSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { pathOf } from '../support/authority.ts';
import { type Cli, createInitialized } from '../support/cli.ts';
import { createTempFolder, engines, keepCopy } from '../support/engines.ts';
import { eventually } from '../support/eventually.ts';
import { createServedWorld, type ServedWorld } from '../support/remote.ts';
import { startProcess } from '../support/server.ts';
import { dumpTables } from '../support/tables.ts';

interface Forgotten {
  readonly authority: string;
  readonly forgotten: readonly { readonly source: string; readonly size: number }[];
  readonly entries: number;
  readonly continued: boolean;
}

const oldCopyWarning = /^warning: What is read here may be out of date: .+ has fewer entries than when it was seen/;

interface Memory {
  readonly logs: readonly { readonly source: string; readonly size: number }[];
}

const memory = (cli: Cli) => join(cli.home, '.local/state/hanaper/log-checkpoints.json');
const readMemory = (cli: Cli): Memory => JSON.parse(readFileSync(memory(cli), 'utf8'));
/** The process that starts the server has no passphrase. */
const locked = { env: { HANAPER_RAW_KEY_FILE: '', HANAPER_PASSPHRASE_FILE: '' } };

/** Commands that write with a key of the database; the package `plugin.wasm` and the file `next` are there. */
const writing: readonly (readonly string[])[] = [
  ['key', 'create', 'late'],
  ['key', 'revoke', 'release'],
  ['package', 'sign', 'plugin.wasm', '--key', 'release'],
  ['trust', 'export', '--output', 'acme.trust'],
  [
    'ucan',
    'delegate',
    '--audience',
    'did:key:z6MkixfGLHDcPhGaP7L7oRx5rWMmfoDcoaQ7bsSF2jaRyXbL',
    '--command',
    '/key/list',
  ],
  ['passphrase', 'change', '--new-raw-key-file', 'next'],
  ['serve', '--listen', '127.0.0.1:0', '--metrics', 'off'],
];

describe.each(engines)('$name: an old copy in the place of a database', (engine) => {
  let url: string;
  let cli: Cli;

  beforeAll(async () => {
    url = await engine.createUrl();
    cli = await createInitialized(url);
    cli.write('plugin.wasm', 'a package');
    cli.write('next', Buffer.alloc(32, 7));
    const putBack = await keepCopy(url);
    await cli.done('key', 'create', 'second');
    await putBack();
    // Opening a copy by VACUUM INTO turns its write-ahead log on again.
    await cli.done('key', 'list');
  });

  test.each(writing.map((args) => [args.slice(0, 2).join(' '), args] as const))(
    'is refused by %s, and stays as it is',
    async (_, args) => {
      const [before, file] = [await dumpTables(url), readFile(url)];
      const { details } = await cli.refusesBoth('log_rolled_back', ...args);
      expect(details).toMatchObject({ reason: 'shorter', seen: 3, now: 2 });
      expect(await dumpTables(url)).toEqual(before);
      expect(readFile(url)).toEqual(file);
      for (const output of ['plugin.wasm.sig', 'acme.trust']) expect(cli.has(output)).toBe(false);
    },
  );

  test('is refused by a server that would start locked', async () => {
    await cli.with(locked).refuses('log_rolled_back', 'serve', '--listen', '127.0.0.1:0', '--metrics', 'off');
  });

  test.each([['key', 'list'], ['org', 'show', 'acme'], ['trust', 'list'], ['ucan', 'list'], ['status'], ['validate']])(
    'is read all the same by %s %s, which warns of it',
    async (...args) => {
      const { status, stderr } = await cli.run(...args);
      expect([status, stderr]).toEqual([0, expect.stringMatching(oldCopyWarning)]);
    },
  );

  test('verifies nothing without a warning', async () => {
    const { stderr } = await cli.run('package', 'verify', 'plugin.wasm');
    expect(stderr).toMatch(oldCopyWarning);
  });

  test('is no old copy to a machine that has seen no more of it', async () => {
    const { status, stderr } = await cli.with({ env: { XDG_STATE_HOME: cli.path('elsewhere') } }).run('key', 'list');
    expect([status, stderr]).toEqual([0, '']);
  });
});

describe.each(engines)('$name: a restored backup', (engine) => {
  test('is gone on with once what was seen is forgotten, and is watched from then on', async () => {
    const url = await engine.createUrl();
    const cli = await createInitialized(url);
    const putBack = await keepCopy(url);
    await cli.done('key', 'create', 'second');
    await putBack();
    await cli.refuses('log_rolled_back', 'log', 'verify');
    const forgotten = await cli.done<Forgotten>('log', 'forget');
    expect(forgotten).toMatchObject({ forgotten: [{ size: 3 }], entries: 2, continued: false });
    expect(readMemory(cli).logs).toEqual([]);
    await cli.done('log', 'verify');
    expect(readMemory(cli).logs).toMatchObject([{ size: 2 }]);
    await cli.done('key', 'create', 'third');
    await cli.done('key', 'create', 'fourth');
    expect(readMemory(cli).logs).toMatchObject([{ size: 4 }]);
    await putBack();
    await cli.refuses('log_rolled_back', 'key', 'create', 'late');
  });
});

describe('log forget', () => {
  test('says what is given up, to people too', async () => {
    const cli = await createInitialized(`sqlite:${join(await createTempFolder(), 'hanaper.db')}`);
    const putBack = await keepCopy(cli.env['HANAPER_DB'] ?? '');
    await cli.done('key', 'create', 'second');
    await putBack();
    const { status, stdout, stderr } = await cli.run('log', 'forget');
    expect([status, stdout]).toEqual([
      0,
      expect.stringMatching(/is forgotten:\n {2}3 entries at sqlite:.+\n.+ has 2 entries/),
    ]);
    expect(stderr).toMatch(/^warning: Entries that were seen are not in this database, and are given up/);
    expect(await cli.says('log', 'forget')).toMatch(/^Nothing was seen of the log of did:key:/);
  });

  test('gives nothing up where the log continues what was seen, and leaves what was seen of others', async () => {
    const cli = await createInitialized();
    const other = cli.with({ env: { HANAPER_DB: `sqlite:${cli.path('other.db')}` } });
    await other.done('init', '--slot', 'raw', '--org', 'acme');
    await other.done('key', 'create', 'theirs');
    expect(readMemory(cli).logs).toHaveLength(2);
    expect(await cli.done<Forgotten>('log', 'forget')).toMatchObject({ forgotten: [{ size: 2 }], continued: true });
    expect(readMemory(cli).logs).toMatchObject([{ source: expect.stringContaining('other.db') }]);
    expect((await cli.run('log', 'forget')).stderr).toBe('');
  });
});

describe('a server that was put back to an old copy', () => {
  let keeper: Cli;
  let url: string;
  let putBack: () => Promise<void>;

  /** Runs while the server runs over what the database is now; the server itself remembers nothing. */
  async function serving<Result>(act: (server: ServedWorld) => Promise<Result>): Promise<Result> {
    await using world = await createServedWorld(keeper, { XDG_STATE_HOME: await createTempFolder() });
    return await act(world);
  }

  /** Somebody who has seen a later state at another address, and now asks a server of the old copy. */
  async function createWitness(): Promise<Cli> {
    const witness = await serving(async ({ admin }) => {
      await admin.done('key', 'create', 'later', '--org', 'acme');
      return admin;
    });
    expect(readMemory(witness).logs).toMatchObject([{ source: expect.stringMatching(/^http:/) }]);
    await putBack();
    return witness;
  }

  beforeEach(async () => {
    url = (await engines[0]?.createUrl()) ?? '';
    keeper = await createInitialized(url);
    putBack = await keepCopy(url);
  });

  test('is refused by who has written to a later one, before anything is done, and nothing is signed', async () => {
    const witness = await createWitness();
    const before = await dumpTables(url);
    await serving(async ({ url: address }) => {
      const refused = await witness.refusesBoth(
        'log_rolled_back',
        'key',
        'create',
        'new',
        '--org',
        'acme',
        '--server',
        address,
      );
      expect(refused.details).not.toHaveProperty('may_be_done');
      await witness.refuses('log_rolled_back', 'key', 'revoke', 'release', '--org', 'acme', '--server', address);
      await witness.refuses('log_rolled_back', 'database', 'lock', '--server', address);
    });
    expect(await dumpTables(url)).toEqual(before);
  });

  test('is refused as well once it has gone another way, and is as long', async () => {
    const witness = await createWitness();
    await keeper.done('key', 'create', 'other');
    await keeper.done('key', 'create', 'another');
    await serving(async ({ url: address }) => {
      await witness.refuses('log_rolled_back', 'key', 'create', 'new', '--org', 'acme', '--server', address);
    });
  });

  test('is believed by who has seen nothing, and by who has forgotten what was seen', async () => {
    const witness = await createWitness();
    await serving(async ({ admin, url: address }) => {
      await admin.done('key', 'create', 'first', '--org', 'acme');
      const there = ['--server', address];
      await witness.refuses('log_rolled_back', 'key', 'create', 'new', '--org', 'acme', ...there);
      const { authority, forgotten } = await witness.done<Forgotten>('log', 'forget', ...there);
      expect(forgotten).toHaveLength(1);
      expect(await witness.done('log', 'forget', ...there)).toEqual({ authority, forgotten: [] });
      await witness.done('key', 'create', 'new', '--org', 'acme', ...there);
    });
  });
});

describe('two copies of one database', () => {
  test('are one log: where one was written to, the other is refused, and can still be read', async () => {
    const cli = await createInitialized(`sqlite:${join(await createTempFolder(), 'hanaper.db')}`);
    const copy = join(await createTempFolder(), 'copy.db');
    copyFileSync(pathOf(cli.env['HANAPER_DB'] ?? ''), copy);
    await cli.done('key', 'create', 'second');
    const beside = cli.with({ env: { HANAPER_DB: `sqlite:${copy}` } });
    await beside.refuses('log_rolled_back', 'key', 'create', 'third');
    await beside.done('log', 'verify');
    await beside.done('log', 'show');
    await beside.done('validate');
    await cli.done('key', 'create', 'third');
  });
});

describe('a memory', () => {
  test('that cannot be read is warned of once, and stops nothing but what is there to look', async () => {
    const cli = await createInitialized();
    writeFileSync(memory(cli), '{"version": 2}');
    const { status, stderr } = await cli.run('key', 'create', 'second');
    expect(status).toBe(0);
    expect(stderr).toMatch(/^warning: What the log was is not remembered.+ damaged.+\n$/);
    expect(readFileSync(memory(cli), 'utf8')).toBe('{"version": 2}');
    await cli.refuses('bad_config', 'log', 'show');
    await cli.refuses('bad_config', 'log', 'forget');
    rmSync(memory(cli));
    mkdirSync(memory(cli));
    expect((await cli.run('key', 'create', 'third')).stderr).toMatch(/^warning: What the log was is not remembered/);
  });

  test('that says something else than was signed is told as such, and is no loss where it is forgotten', async () => {
    const cli = await createInitialized();
    const altered = readFileSync(memory(cli), 'utf8').replaceAll(/(hanaper\/did:key:\w+\/1\\n)(\d+)/g, '$17');
    expect(altered).not.toBe(readFileSync(memory(cli), 'utf8'));
    writeFileSync(memory(cli), altered);
    const { details } = await cli.refuses('log_tampered', 'key', 'create', 'second');
    expect(details).toMatchObject({ reason: 'memory' });
    const { stderr } = await cli.run('log', 'forget');
    expect(stderr).toMatch(/^warning: What was remembered is not signed by the key of this log/);
    await cli.done('key', 'create', 'second');
  });

  test('that cannot be written is warned of, and stops nothing', async () => {
    const cli = await createInitialized();
    rmSync(memory(cli));
    symlinkSync('/nowhere/at/all', memory(cli));
    const { status, stderr } = await cli.run('key', 'create', 'second');
    expect([status, stderr]).toEqual([0, expect.stringMatching(/^warning: What the log was is not remembered.+\n$/)]);
  });
});

describe('a server', () => {
  test('remembers while it runs, and is started again after it was killed', async () => {
    const cli = await createInitialized();
    const { child, finished } = await startProcess(cli);
    rmSync(memory(cli));
    await cli.done('key', 'create', 'second');
    rmSync(memory(cli));
    const again = await startProcess(cli);
    await eventually(() => expect(readMemory(cli).logs).toMatchObject([{ size: 3 }]));
    for (const server of [child, again.child]) server.kill('SIGKILL');
    await Promise.all([finished, again.finished]);
    const third = await startProcess(cli);
    expect(third.ready).toMatchObject({ locked: false });
  });

  test('remembers what it signed last when it stops', async () => {
    const world = await createServedWorld();
    for (const name of ['one', 'two', 'three']) await world.admin.done('key', 'create', name, '--org', 'acme');
    await world[Symbol.asyncDispose]();
    const { size } = await world.keeper.done<{ size: number }>('log', 'show');
    expect(readMemory(world.keeper).logs).toMatchObject([{ size }]);
  });
});

/** The bytes of the file, where the database is one. */
function readFile(url: string): Buffer | undefined {
  return url.startsWith('sqlite:') ? readFileSync(pathOf(url)) : undefined;
}
