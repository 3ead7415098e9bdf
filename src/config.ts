import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { HanaperError } from './errors.ts';

/** How a new key slot is made, where the command line does not say. */
export interface CryptoConfig {
  readonly method: 'passphrase' | 'raw' | 'derived';
  readonly securityLevel: 'interactive' | 'balanced' | 'sensitive';
  /** Argon2id costs that take the place of the level's: KiB, passes, lanes. */
  readonly customParams?: { readonly memoryKib: number; readonly passes: number; readonly lanes: number };
}

/** Everything that can be set, after flags, environment and file are laid over each other. */
export interface Config {
  /** `sqlite:PATH` or `postgres://…` */
  readonly db: string;
  readonly crypto: CryptoConfig;
  /** As `createLoader` takes it. */
  readonly security: {
    readonly requireSignatures: boolean;
    readonly verificationOrg?: string;
    readonly authority?: string;
  };
  /** Where what was learnt is remembered: known authorities. */
  readonly stateFolder: string;
}

/** What flags say; each goes over the environment, which goes over the file. */
export interface ConfigOverrides {
  readonly db?: string;
  readonly org?: string;
  readonly authority?: string;
}

/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

const whole = z.int().positive();
const fileSchema = z.strictObject({
  db: z.string().optional(),
  crypto: z
    .strictObject({
      method: z.enum(['passphrase', 'raw', 'derived']).optional(),
      security_level: z.enum(['interactive', 'balanced', 'sensitive']).optional(),
      custom_params: z.strictObject({ memory_kib: whole, passes: whole, lanes: whole }).optional(),
    })
    .optional(),
  security: z
    .strictObject({
      require_signatures: z.boolean().optional(),
      verification_org: z.string().optional(),
      authority: z.string().optional(),
    })
    .optional(),
});

type ConfigFile = z.infer<typeof fileSchema>;

/**
 * Reads the configuration: flags over environment (`HANAPER_*`) over `$XDG_CONFIG_HOME/hanaper/config.json`.
 *
 * @throws HanaperError `bad_config` where the file is not valid, or holds anything secret
 */
export function loadConfig(overrides: ConfigOverrides = {}, environment: Environment = process.env): Config {
  const path = environment['HANAPER_CONFIG'] ?? join(folder(environment, 'XDG_CONFIG_HOME', '.config'), 'config.json');
  const file = readConfigFile(path);
  const verificationOrg = overrides.org ?? filled(environment['HANAPER_ORG']) ?? file.security?.verification_org;
  const authority = overrides.authority ?? filled(environment['HANAPER_AUTHORITY']) ?? file.security?.authority;
  return {
    db: overrides.db ?? filled(environment['HANAPER_DB']) ?? file.db ?? defaultDatabase(environment),
    crypto: readCrypto(file, environment),
    security: {
      requireSignatures:
        readSwitch(environment, 'HANAPER_REQUIRE_SIGNATURES') ?? file.security?.require_signatures ?? false,
      ...(verificationOrg !== undefined && { verificationOrg }),
      ...(authority !== undefined && { authority }),
    },
    stateFolder: folder(environment, 'XDG_STATE_HOME', join('.local', 'state')),
  };
}

function readCrypto({ crypto }: ConfigFile, environment: Environment): CryptoConfig {
  const custom = crypto?.custom_params;
  const method = readChoice(environment, 'HANAPER_SLOT', ['passphrase', 'raw', 'derived'] as const);
  const level = readChoice(environment, 'HANAPER_SECURITY', ['interactive', 'balanced', 'sensitive'] as const);
  return {
    method: method ?? crypto?.method ?? 'passphrase',
    securityLevel: level ?? crypto?.security_level ?? 'balanced',
    ...(custom && {
      customParams: { memoryKib: custom.memory_kib, passes: custom.passes, lanes: custom.lanes },
    }),
  };
}

function defaultDatabase(environment: Environment): string {
  return `sqlite:${join(folder(environment, 'XDG_DATA_HOME', join('.local', 'share')), 'hanaper.db')}`;
}

function folder(environment: Environment, variable: string, underHome: string): string {
  return join(filled(environment[variable]) ?? join(filled(environment['HOME']) ?? homedir(), underHome), 'hanaper');
}

// A variable that is set but empty counts as not set, as in the XDG specification.
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

function readConfigFile(path: string): ConfigFile {
  const text = readText(path);
  if (text === undefined) return {};
  const json = parseJson(text, path);
  refuseSecrets(json, path);
  const parsed = fileSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw badFile(path, `${issue?.path.join('.') || 'it'}: ${issue?.message ?? 'is not valid'}`);
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && (cause.code === 'ENOENT' || cause.code === 'ENOTDIR'))
      return undefined;
    throw badFile(path, 'it cannot be read', cause);
  }
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw badFile(path, 'it is not JSON');
  }
}

// The file is copied, committed and backed up: whatever is secret has no place in it.
function refuseSecrets(json: unknown, path: string): void {
  JSON.stringify(json, (key, value: unknown) => {
    if (/passphrase|password|secret|private|seed|token/i.test(key)) {
      throw badFile(path, `"${key}" is secret material, which does not belong in it; use --passphrase-file`);
    }
    if (typeof value === 'string' && URL.canParse(value) && new URL(value).password !== '') {
      throw badFile(path, `"${key}" holds a password, which does not belong in it; use PGPASSFILE`);
    }
    return value;
  });
}

function badFile(path: string, reason: string, cause?: unknown): HanaperError {
  return new HanaperError(
    'bad_config',
    `The configuration file ${path} is not valid: ${reason}.`,
    { path, reason },
    cause,
  );
}
