/** A server with a database of its own, and people who reach it by their keys alone. */
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Authority, openAuthority } from '../../src/authority/index.ts';
import { Secret } from '../../src/crypto/secret.ts';
import { type Cli, createCli, createInitialized, executable } from './cli.ts';
import { whenReady } from './server.ts';
import { startServer, type TestServer, type TestServerOptions } from './stand-in-server.ts';

/** A running server, and its administrator elsewhere. */
export interface RemoteWorld extends AsyncDisposable {
  /** At the database itself. */
  readonly keeper: Cli;
  readonly authority: Authority;
  readonly server: TestServer;
  /** Holds `/` on the authority and a powerline from it, by the profile `admin`. */
  readonly admin: Cli;
}

/** Starts it; `prepare` is run at the database before. */
export async function createRemoteWorld(
  prepare: (keeper: Cli) => Promise<void> = async () => undefined,
  options: TestServerOptions = {},
): Promise<RemoteWorld> {
  const keeper = await createInitialized();
  await prepare(keeper);
  const authority = await openAuthority({ database: `sqlite:${join(keeper.home, '.local/share/hanaper/hanaper.db')}` });
  await authority.unlock({ kind: 'raw', key: Secret.copyOf(keeper.read('raw-key')) });
  const server = await startServer(authority, options);
  const admin = await createAdmin(keeper, server.url);
  const end = async () => {
    await server[Symbol.asyncDispose]();
    await authority.close();
  };
  return { keeper, authority, server, admin, [Symbol.asyncDispose]: end };
}

// Milliseconds after which a server of a test ends by itself.
const longest = 600_000;

/** A server in a process of its own, and its administrator. */
export interface ServedWorld extends AsyncDisposable {
  readonly keeper: Cli;
  readonly url: string;
  readonly admin: Cli;
}

/** Runs `hanaper serve` over a database that `keeper` has, or a new one. */
export async function createServedWorld(
  keeper?: Cli,
  env: Readonly<Record<string, string>> = {},
): Promise<ServedWorld> {
  const owner = keeper ?? (await createInitialized());
  const args = ['serve', '--listen', '127.0.0.1:0', '--metrics', 'off'];
  const child = spawn(process.execPath, [executable, ...args], {
    cwd: owner.folder,
    env: { ...owner.env, ...env },
    timeout: longest,
  });
  const { ready, finished } = await whenReady(child);
  const url = String(ready['url']);
  const end = async () => {
    child.kill('SIGTERM');
    await finished;
  };
  return { keeper: owner, url, admin: await createAdmin(owner, url), [Symbol.asyncDispose]: end };
}

/** Somebody without a database, with the key `NAME.pem` in the working folder, and its DID. */
export async function createPerson(name: string): Promise<{ readonly cli: Cli; readonly did: string }> {
  const cli = (await createCli()).with({ env: { HANAPER_PASSPHRASE_FILE: '' } });
  const { did } = await cli.done<{ did: string }>('identity', 'create', '--output', `${name}.pem`);
  return { cli, did };
}

/** Gives somebody what the keeper of the database delegates to them, as a file, and returns its name. */
export async function handOver(
  keeper: Cli,
  to: { readonly cli: Cli; readonly did: string },
  name: string,
  ...how: readonly string[]
): Promise<string> {
  await keeper.done('ucan', 'delegate', '--audience', to.did, '--output', name, ...how);
  return to.cli.write(name, keeper.read(name));
}

/** Writes a configuration file. */
export function writeConfig(cli: Cli, document: object): void {
  const folder = join(cli.home, '.config', 'hanaper');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'config.json'), JSON.stringify(document));
}

async function createAdmin(keeper: Cli, server: string): Promise<Cli> {
  const person = await createPerson('admin');
  const own = await handOver(keeper, person, 'own.ucan', '--authority', '--command', '/');
  const powerline = await handOver(keeper, person, 'powerline.ucan', '--authority', '--powerline', '--command', '/');
  const { cli } = person;
  const proofs = [own, powerline].map((file) => cli.path(file));
  writeConfig(cli, { profiles: { admin: { server, as: cli.path('admin.pem'), proofs } } });
  return cli.with({ env: { HANAPER_PROFILE: 'admin' } });
}
