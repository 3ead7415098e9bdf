import { randomUUID } from 'node:crypto';
import { copyFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { query, queryOne } from '../support/authority.ts';
import { type Cli, createCli, createInitialized, openTerminal } from '../support/cli.ts';
import { createTempFolder, engines } from '../support/engines.ts';
import { createServedWorld, type ServedWorld } from '../support/remote.ts';

interface Verified {
  readonly verified: true;
  readonly authority: string;
  readonly size: number;
  readonly root: string;
  readonly checkpoint: { readonly size: number; readonly note: string };
}

interface Shown {
  readonly entries: readonly { readonly index: number; readonly command: string; readonly receipt: string }[];
  readonly size: number;
  readonly next?: number;
}

interface Proof {
  readonly index: number;
  readonly checkpoint: string;
}

const memory = (cli: Cli) => join(cli.home, '.local/state/hanaper/log-checkpoints.json');
const readMemory = (cli: Cli) => JSON.parse(readFileSync(memory(cli), 'utf8'));
/** A person who has seen nothing yet. */
const forget = (cli: Cli) => rmSync(memory(cli), { force: true });

describe.each(engines)('$name', (engine) => {
  let url: string;
  let cli: Cli;
  let did: string;

  beforeAll(async () => {
    url = await engine.createUrl();
    cli = await createInitialized(url);
    await cli.done('key', 'create', 'second');
    ({ did } = await cli.done<{ did: string }>('status'));
  });

  test('log show has the last entries, or those from one on', async () => {
    const { entries, size } = await cli.done<Shown>('log', 'show');
    expect(entries.map(({ command }) => command)).toEqual(['/log/begin', '/key/create', '/key/create']);
    expect(size).toBe(3);
    const last = await cli.done<Shown>('log', 'show', '--limit', '1');
    expect(last.entries.map(({ index }) => index)).toEqual([2]);
    const middle = await cli.done<Shown>('log', 'show', '--from', '1', '--limit', '1');
    expect(middle).toMatchObject({ entries: [{ index: 1 }], next: 2 });
    expect((await cli.done<Shown>('log', 'show', '--from', '7')).entries).toEqual([]);
    const said = await cli.says('log', 'show', '--from', '1', '--limit', '1');
    expect(said).toMatch(
      /^ENTRY +ENROLLED +COMMAND +OUTCOME +ORGANISATION +NAME +KEY +HASH +BY +WROTE\n1 .+ \/key\/create +ok +acme +- +release +- .+ signing_keys, trusted_keys, trust_snapshots\n/,
    );
    expect(said).toContain('Next: hanaper log show --from 2');
  });

  test('log show begins at any index, and shows one entry at least', async () => {
    const { entries, size } = await cli.done<Shown>('log', 'show', '--from', '9007199254740991');
    expect({ entries, size }).toEqual({ entries: [], size: 3 });
    expect((await cli.done<Shown>('log', 'show', '--from', '0', '--limit', '999999999')).entries).toHaveLength(3);
    for (const from of ['9007199254740992', '01', '1.5', 'x'])
      await cli.refusesBoth('usage', 'log', 'show', '--from', from);
    for (const limit of ['0', '1.5', '9999999999']) await cli.refusesBoth('usage', 'log', 'show', '--limit', limit);
  });

  test('log proof proves an entry, by its index or its receipt', async () => {
    const { entries } = await cli.done<Shown>('log', 'show');
    const proof = await cli.done<Proof>('log', 'proof', '1', '--output', 'proof.json');
    expect(proof.index).toBe(1);
    expect(JSON.parse(cli.read('proof.json').toString())).toEqual(proof);
    expect(await cli.done<Proof>('log', 'proof', entries[1]?.receipt ?? '')).toEqual(proof);
    expect(await cli.says('log', 'proof', '1')).toContain(`The entry 1 is one of the 3 of hanaper/${did}/1.`);
    await cli.refusesBoth('not_found', 'log', 'proof', '99');
    for (const none of ['nothing', '-1', '1.5', '01', '9007199254740992']) {
      await cli.refusesBoth('usage', 'log', 'proof', none);
    }
  });

  test('log verify checks a database against its log', async () => {
    expect(await cli.done<Verified>('log', 'verify')).toMatchObject({
      verified: true,
      authority: did,
      size: 3,
      checkpoint: { size: 3, note: expect.stringContaining(`hanaper/${did}/1\n3\n`) },
      unverifiable: { count: 0 },
    });
    expect(await cli.says('log', 'verify')).toContain('3, the first 3 of them under a checkpoint');
  });

  test('log export writes a file that is verified elsewhere, by the DID alone', async () => {
    const { root } = await cli.done<Verified>('log', 'verify');
    expect(await cli.done('log', 'export', 'acme.log')).toEqual({
      file: 'acme.log',
      authority: did,
      size: 3,
      checkpoint: 3,
    });
    await cli.refusesBoth('already_exists', 'log', 'export', 'acme.log');
    await cli.refuses('bad_input', 'log', 'export', 'no-such-folder/acme.log');
    const elsewhere = await createCli('sqlite:/nowhere/at/all.db');
    elsewhere.write('acme.log', cli.read('acme.log'));
    const verified = await elsewhere.done<Verified>('log', 'verify', 'acme.log', '--authority', did);
    expect(verified).toMatchObject({ size: 3, root });
    await elsewhere.refusesBoth('usage', 'log', 'verify', 'acme.log');
    await elsewhere.refusesBoth('bad_input', 'log', 'verify', 'no-such-file', '--authority', did);
    await elsewhere.refusesBoth('bad_input', 'log', 'verify', 'pass', '--authority', did);
    elsewhere.write('short.log', cli.read('acme.log').subarray(0, -5));
    const { details } = await elsewhere.refuses('log_tampered', 'log', 'verify', 'short.log', '--authority', did);
    expect(details).toMatchObject({ findings: [{ kind: 'export' }], omitted: 0 });
    await elsewhere.refuses('usage', 'log', 'verify', 'acme.log', '--authority', did, '--server', 'http://localhost:1');
  });

  test('log export writes to standard output, where that is no terminal and no document', async () => {
    await cli.says('log', 'export', 'to-file.log');
    const { status, bytes, stderr } = await cli.run('log', 'export', '-');
    expect([status, stderr]).toEqual([0, '']);
    expect(bytes.equals(cli.read('to-file.log'))).toBe(true);
    expect(cli.has('-')).toBe(false);
    await cli.refuses('usage', 'log', 'export', '-');
    const terminal = openTerminal(cli, 'log', 'export', '-');
    expect(await terminal.finished).toMatchObject({ status: 2 });
    expect(terminal.screen).toContain('(usage)');
  });

  test('what an export had when it was seen, another must have', async () => {
    const other = await createInitialized();
    await other.done('log', 'export', 'their.log');
    const { did: their } = await other.done<{ did: string }>('status');
    await other.done('log', 'verify', 'their.log', '--authority', their);
    const { logs } = readMemory(other);
    const forged = {
      version: 1,
      logs: [{ ...logs[0], checkpoint: logs[0].checkpoint.replace(/\n.{8}/, '\n00000000') }],
    };
    writeFileSync(memory(other), JSON.stringify(forged));
    await other.refuses('log_rolled_back', 'log', 'verify', 'their.log', '--authority', their);
    writeFileSync(memory(other), '{"version": 2}');
    await other.refusesBoth('bad_config', 'log', 'verify', 'their.log', '--authority', their);
    await other.refuses('bad_config', 'log', 'show');
  });

  test('what does not hold is listed, for people and for scripts', async () => {
    await query(url, "update trusted_keys set key_name = 'mallory' where key_name = 'second'");
    const { status, stdout, stderr } = await cli.run('log', 'verify');
    expect(status).toBe(3);
    expect(stdout).toMatch(/^KIND +TABLE +KEY +ENTRY\nrow +trusted_keys +\S+ +2 +The row differs/);
    expect(stderr).toMatch(/^error: One thing does not hold .+ \(log_tampered\)\n$/);
    const { details } = await cli.refuses('log_tampered', 'log', 'verify');
    expect(details).toMatchObject({ findings: [{ kind: 'row', table: 'trusted_keys', index: 2 }], omitted: 0 });
    await query(url, "update trusted_keys set key_name = 'second' where key_name = 'mallory'");
    await cli.done('log', 'verify');
  });

  test('what does not hold for a reason of its own is told in whole sentences', async () => {
    const { note } = await queryOne(url, 'select note from checkpoints where size = 3');
    await query(url, 'update checkpoints set note = $1 where size = 3', [new Uint8Array(3)]);
    const { stdout } = await cli.run('log', 'verify');
    expect(stdout).toMatch(/^checkpoint +checkpoints +3 +The checkpoint of 3 entries does not hold: .+[^.]\.$/m);
    await query(url, 'update checkpoints set note = $1 where size = 3', [note]);
    await cli.done('log', 'verify');
  });
});

describe.each(engines)('$name: a checkpoint that cannot be made', (engine) => {
  test('is warned of, and what was done stands', async () => {
    const url = await engine.createUrl();
    const cli = await createInitialized(url);
    const { hashes } = await queryOne(url, 'select hashes from log_tiles');
    await query(url, 'update log_tiles set hashes = $1', [new Uint8Array(64)]);
    const { status, stdout, stderr } = await cli.run('key', 'create', 'second');
    expect([status, stdout]).toEqual([0, expect.stringContaining('second')]);
    expect(stderr).toMatch(/^warning: What was done stands, but is under no checkpoint .+\n$/);
    expect(stderr).toContain('The tile of the log is another');
    const bare = cli.with({ env: { HANAPER_RAW_KEY_FILE: '' } });
    await query(url, 'update log_tiles set hashes = $1', [hashes]);
    const { message } = await bare.refusesBoth('locked', 'log', 'proof', '2');
    expect(message).toContain('under no checkpoint yet');
    expect(message).toContain('--passphrase-file');
    await bare.done('log', 'proof', '1');
    expect(await cli.done<Proof>('log', 'proof', '2')).toMatchObject({ index: 2 });
    await bare.done('log', 'proof', '2');
    expect((await cli.run('key', 'create', 'third')).stderr).toBe('');
    await cli.done('log', 'verify');
  });
});

describe('a log that was seen before', () => {
  let cli: Cli;
  let file: string;
  let older: string;

  beforeAll(async () => {
    const folder = await createTempFolder();
    [file, older] = [join(folder, 'hanaper.db'), join(folder, 'older.db')];
    cli = await createInitialized(`sqlite:${file}`);
    copyFileSync(file, older);
    await cli.done('key', 'create', 'second');
  });

  beforeEach(() => forget(cli));

  // Each export is a file of its own.
  const argsOf = (verb: string) => (verb === 'export' ? [verb, `${randomUUID()}.log`] : verb.split(' '));

  test.each(['show', 'proof 0', 'verify', 'export'])(
    'is refused by log %s where it shrank, until it is forgotten',
    async (verb) => {
      await cli.done('log', ...argsOf(verb));
      expect(existsSync(memory(cli))).toBe(true);
      copyFileSync(file, `${file}.newer`);
      copyFileSync(older, file);
      await cli.refuses('log_rolled_back', 'log', ...argsOf(verb));
      forget(cli);
      await cli.done('log', ...argsOf(verb));
      copyFileSync(`${file}.newer`, file);
      await cli.done('log', ...argsOf(verb));
    },
  );

  test.each(['show', 'proof 0', 'verify', 'export'])('is refused by log %s where it went another way', async (verb) => {
    await cli.done('log', ...argsOf(verb));
    copyFileSync(file, `${file}.newer`);
    copyFileSync(older, file);
    await cli.with({ env: { HOME: await createTempFolder() } }).done('key', 'create', 'other');
    await cli.refuses('log_rolled_back', 'log', ...argsOf(verb));
    copyFileSync(`${file}.newer`, file);
  });
});

test('log export remembers the database, whatever server the environment names', async () => {
  const cli = await createInitialized();
  await cli.with({ env: { HANAPER_SERVER: 'http://localhost:1' } }).done('log', 'export', 'acme.log');
  expect(readMemory(cli).logs).toMatchObject([{ source: expect.stringMatching(/^sqlite:/), size: 2 }]);
});

describe('over a server', () => {
  let world: ServedWorld;

  beforeAll(async () => {
    world = await createServedWorld();
  });

  afterAll(() => world[Symbol.asyncDispose]());

  test('log show and log proof say what they say at the database, and the log goes on', async () => {
    const { admin, keeper } = world;
    await admin.done('key', 'create', 'over-there', '--org', 'acme');
    const there = await admin.done<Shown>('log', 'show');
    expect(there).toEqual(await keeper.done<Shown>('log', 'show'));
    const proof = await admin.done<Proof>('log', 'proof', String(there.size - 1));
    expect(proof).toEqual(await keeper.done<Proof>('log', 'proof', String(there.size - 1)));
    expect(readMemory(admin).logs).toMatchObject([{ source: world.url, size: there.size }]);
    await admin.done('key', 'create', 'one-more', '--org', 'acme');
    expect((await admin.done<Shown>('log', 'show')).size).toBe(there.size + 1);
  });

  test('log verify and log export are for who has the database', async () => {
    const { message } = await world.admin.refuses('usage', '--profile', 'admin', 'log', 'verify');
    expect(message).toContain('Export the log beside the database');
    await world.admin.refuses('usage', '--profile', 'admin', 'log', 'export', 'acme.log');
  });

  test('what is remembered must be signed by the log that is there', async () => {
    const { admin } = world;
    await admin.done('log', 'show');
    const seen = readMemory(admin);
    const [log] = seen.logs;
    writeFileSync(memory(admin), JSON.stringify({ ...seen, logs: [{ ...log, checkpoint: `x${log.checkpoint}` }] }));
    await admin.refuses('log_tampered', 'log', 'show');
    await admin.refuses('log_tampered', 'log', 'proof', '0');
  });

  test('a server that was locked has all of its log under a checkpoint, the lock included', async () => {
    const { admin } = world;
    forget(admin);
    await admin.done('database', 'lock');
    const { size } = await admin.done<Shown>('log', 'show');
    expect(await admin.done('log', 'proof', String(size - 1))).toMatchObject({ index: size - 1 });
  });
});
