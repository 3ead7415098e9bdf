import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { attempt } from './attempt.ts';
import type { ConfigFile } from './config-file.ts';
import { HanaperError } from './errors.ts';
import { defaultDatabase, type Environment, findFolder, findStateFolder } from './folders.ts';

export { defaultDatabase, type Environment, findStateFolder } from './folders.ts';

/** How a new key slot is made, where the command line does not say. */
export interface CryptoConfig {
  readonly method: 'passphrase' | 'raw' | 'derived';
  readonly securityLevel: 'interactive' | 'balanced' | 'sensitive';
  /** Argon2id costs that take the place of the level's: KiB, passes, lanes. */
  readonly customParams?: { readonly memoryKib: number; readonly passes: number; readonly lanes: number };
}

/** How a server listens. */
export interface ServerConfig {
  /** `HOST:PORT` */
  readonly listen: string;
  /** The path of a unix socket, in place of `listen`. */
  readonly socket?: string;
  /** Names by which it is reached besides its address, with or without a port. */
  readonly hosts: readonly string[];
  /** Whether a proxy is in front of it. */
  readonly behindProxy: boolean;
  /** PEM files. */
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  /** The port of `/metrics` on this machine; `off`: none. */
  readonly metrics: number | 'off';
  /** Whether anybody may read the log, as static files. */
  readonly publicLog: boolean;
}

/** A server that replaces the local database, and the key for requests to it. */
export interface RemoteConfig {
  /** `https://HOST[:PORT]`, or `http://` on this machine. */
  readonly server: string;
  /** Key file of the identity that asks. */
  readonly as?: string;
  /** Files with delegations to it. */
  readonly proofs: readonly string[];
}

/** Everything that can be set, after flags, environment and file are laid over each other. */
export interface Config {
  /** `sqlite:PATH` or `postgres://…`, with the durability that was accepted for it. */
  readonly db: string;
  readonly crypto: CryptoConfig;
  /** As `createLoader` takes it. */
  readonly security: {
    readonly requireSignatures: boolean;
    readonly verificationOrg?: string;
    readonly authority?: string;
  };
  readonly server: ServerConfig;
  /** Where what was learnt is remembered: known authorities. */
  readonly stateFolder: string;
  /** Absent: the database is used. */
  readonly remote?: RemoteConfig;
}

/** What flags say; each goes over the environment, which goes over the file. */
export interface ConfigOverrides {
  readonly db?: string;
  readonly durability?: string;
  readonly org?: string;
  readonly authority?: string;
  readonly server?: string;
  readonly as?: string;
  readonly proofs?: readonly string[];
  readonly profile?: string;
}

const durabilities = ['full', 'server'] as const;

type Profile = NonNullable<ConfigFile['profiles']>[string];

/**
 * Reads the configuration: flags over environment (`HANAPER_*`) over `$XDG_CONFIG_HOME/hanaper/config.json`, in which a
 * profile outweighs the rest.
 *
 * @throws HanaperError `bad_config` where the file is not valid, or holds anything secret, or no such profile;
 * `usage` where flags name a database and a server
 */
export async function loadConfig(
  overrides: ConfigOverrides = {},
  environment: Environment = process.env,
): Promise<Config> {
  const { path, file } = await readFile(environment);
  const profile = findProfile(overrides.profile ?? filled(environment['HANAPER_PROFILE']), file, path);
  const verificationOrg =
    overrides.org ?? filled(environment['HANAPER_ORG']) ?? profile?.org ?? file.security?.verification_org;
  const authority =
    overrides.authority ?? filled(environment['HANAPER_AUTHORITY']) ?? profile?.authority ?? file.security?.authority;
  const remote = readRemote(overrides, environment, profile);
  const named = overrides.db ?? filled(environment['HANAPER_DB']) ?? file.db;
  const durability = readDurability(overrides, environment, file);
  const db = named && withDurability(named, durability);
  return {
    // A folder is looked for when it is needed: not every command needs one, and not every user has one.
    get db() {
      return db ?? withDurability(defaultDatabase(environment), durability);
    },
    crypto: readCrypto(file, environment),
    security: {
      requireSignatures:
        readSwitch(environment, 'HANAPER_REQUIRE_SIGNATURES') ?? file.security?.require_signatures ?? false,
      ...(verificationOrg !== undefined && { verificationOrg }),
      ...(authority !== undefined && { authority }),
    },
    server: readServer(file, environment),
    get stateFolder() {
      return findStateFolder(environment);
    },
    ...(remote && { remote }),
  };
}

function readDurability({ durability: flag }: ConfigOverrides, environment: Environment, { durability }: ConfigFile) {
  const inVariable = readChoice(environment, 'HANAPER_DURABILITY', durabilities);
  if (flag === undefined) return inVariable ?? durability;
  const choice = durabilities.find((candidate) => candidate === flag);
  if (choice) return choice;
  throw new HanaperError('usage', `--durability must be one of ${durabilities.join(', ')}.`, {
    option: '--durability',
  });
}

// It belongs to the database, and goes with its URL wherever that is opened.
function withDurability(db: string, durability: string | undefined): string {
  if (durability === undefined || !/^postgres(ql)?:/.test(db) || !URL.canParse(db)) return db;
  const url = new URL(db);
  url.searchParams.set('durability', durability);
  return url.href;
}

// A flag that names the database outweighs a server that the environment names, or a profile by its variable.
function readRemote(
  { db, server: flag, profile: profileFlag, ...flags }: ConfigOverrides,
  environment: Environment,
  profile: Profile | undefined,
): RemoteConfig | undefined {
  const server = flag ?? filled(environment['HANAPER_SERVER']) ?? profile?.server;
  if (server === undefined) return undefined;
  if (db !== undefined && flag === undefined && profileFlag === undefined) return undefined;
  if (db !== undefined) {
    throw new HanaperError('usage', 'Give a database or a server, not both: --db, --server or --profile.', {
      option: '--db',
    });
  }
  const as = flags.as ?? filled(environment['HANAPER_AS']) ?? profile?.as;
  return { server, proofs: flags.proofs ?? profile?.proofs ?? [], ...(as !== undefined && { as }) };
}

function findProfile(name: string | undefined, { profiles = {} }: ConfigFile, path: string): Profile | undefined {
  if (name === undefined) return undefined;
  const profile = Object.hasOwn(profiles, name) ? profiles[name] : undefined;
  if (profile === undefined) {
    throw new HanaperError('bad_config', `There is no profile "${name.slice(0, 100)}" in ${path}.`, { path });
  }
  // Its files lie where its own file lies, wherever a command is run.
  const { as, proofs, ...rest } = profile;
  return {
    ...rest,
    ...(as !== undefined && { as: resolve(dirname(path), as) }),
    ...(proofs && { proofs: proofs.map((proof) => resolve(dirname(path), proof)) }),
  };
}

// The schema is only loaded where there is a file to check with it. A file that was named must be there.
async function readFile(environment: Environment): Promise<{ readonly path: string; readonly file: ConfigFile }> {
  const path = findConfigFile(environment);
  const named = filled(environment['HANAPER_CONFIG']);
  if (path === undefined) return { path: 'the configuration', file: {} };
  if (named === undefined && !existsSync(path)) return { path, file: {} };
  return { path, file: (await import('./config-file.ts')).readConfigFile(path) };
}

/** The path of the configuration file, be it there or not; `undefined` where there is no home folder for it. */
export function findConfigFile(environment: Environment): string | undefined {
  const named = filled(environment['HANAPER_CONFIG']);
  return named ?? findDefaultFile(environment);
}

function findDefaultFile(environment: Environment): string | undefined {
  return attempt(() => join(findFolder(environment, 'XDG_CONFIG_HOME', '.config'), 'config.json'));
}

function readCrypto({ crypto }: ConfigFile, environment: Environment): CryptoConfig {
  const custom = crypto?.custom_params;
  const method = readChoice(environment, 'HANAPER_SLOT', ['passphrase', 'raw', 'derived'] as const);
  const level = readChoice(environment, 'HANAPER_SECURITY', ['interactive', 'balanced', 'sensitive'] as const);
  return {
    method: method ?? crypto?.method ?? 'passphrase',
    securityLevel: level ?? crypto?.security_level ?? 'balanced',
    // A level from the environment goes over the costs in the file.
    ...(custom &&
      level === undefined && {
        customParams: { memoryKib: custom.memory_kib, passes: custom.passes, lanes: custom.lanes },
      }),
  };
}

function readServer({ server = {} }: ConfigFile, environment: Environment): ServerConfig {
  const read = (variable: string, inFile: string | undefined) => filled(environment[variable]) ?? inFile;
  // An address that a stronger word names takes the place of a socket.
  const socketInFile = filled(environment['HANAPER_LISTEN']) === undefined ? server.socket : undefined;
  const socket = read('HANAPER_SOCKET', socketInFile);
  const tlsCert = read('HANAPER_TLS_CERT', server.tls_cert);
  const tlsKey = read('HANAPER_TLS_KEY', server.tls_key);
  return {
    listen: read('HANAPER_LISTEN', server.listen) ?? '127.0.0.1:7373',
    ...(socket !== undefined && { socket }),
    hosts: filled(environment['HANAPER_HOSTS'])?.split(',') ?? server.hosts ?? [],
    behindProxy: readSwitch(environment, 'HANAPER_BEHIND_PROXY') ?? server.behind_proxy ?? false,
    ...(tlsCert !== undefined && { tlsCert }),
    ...(tlsKey !== undefined && { tlsKey }),
    metrics: parseMetricsPort(read('HANAPER_METRICS', server.metrics?.toString()) ?? '7374'),
    publicLog: readSwitch(environment, 'HANAPER_PUBLIC_LOG') ?? server.public_log ?? false,
  };
}

/**
 * Reads the port of the metrics, or `off`.
 *
 * @throws HanaperError `bad_config`
 */
export function parseMetricsPort(text: string): ServerConfig['metrics'] {
  if (text === 'off') return text;
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
  throw new HanaperError('bad_config', `"${text}" is no port for the metrics; it is a number, or "off".`, {
    option: '--metrics',
  });
}

// A variable that is set but empty counts as not set.
function filled(value: string | undefined): string | undefined {
  return value === '' ? undefined : value;
}

function readChoice<Choice extends string>(
  environment: Environment,
  variable: string,
  choices: readonly Choice[],
): Choice | undefined {
  const value = filled(environment[variable]);
  if (value === undefined) return undefined;
  const choice = choices.find((candidate) => candidate === value);
  if (choice) return choice;
  throw new HanaperError('bad_config', `${variable} must be one of ${choices.join(', ')}.`, { variable });
}

function readSwitch(environment: Environment, variable: string): boolean | undefined {
  const choice = readChoice(environment, variable, ['true', 'false'] as const);
  return choice && choice === 'true';
}
