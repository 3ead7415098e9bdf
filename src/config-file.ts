import { readFileSync, statSync } from 'node:fs';
import { z } from 'zod';
import { HanaperError } from './errors.ts';
import { parseJson } from './parse-json.ts';

/** What `config.json` may hold; docs/configuration.md explains each key. */
export interface ConfigFile {
  readonly db?: string;
  readonly durability?: 'full' | 'server';
  readonly crypto?: {
    readonly method?: 'passphrase' | 'raw' | 'derived';
    readonly security_level?: 'interactive' | 'balanced' | 'sensitive';
    readonly custom_params?: { readonly memory_kib: number; readonly passes: number; readonly lanes: number };
  };
  readonly security?: {
    readonly require_signatures?: boolean;
    readonly verification_org?: string;
    readonly authority?: string;
  };
  readonly server?: {
    readonly listen?: string;
    readonly socket?: string;
    readonly hosts?: readonly string[];
    readonly behind_proxy?: boolean;
    readonly tls_cert?: string;
    readonly tls_key?: string;
    readonly metrics?: number | 'off';
    readonly public_log?: boolean;
  };
  readonly profiles?: Readonly<
    Record<
      string,
      {
        readonly server: string;
        readonly as?: string;
        readonly proofs?: readonly string[];
        readonly org?: string;
        readonly authority?: string;
      }
    >
  >;
}

const maxBytes = 1024 * 1024;
const whole = z.int().positive();
const fileSchema: z.ZodType<ConfigFile> = z.strictObject({
  db: z.string().exactOptional(),
  durability: z.enum(['full', 'server']).exactOptional(),
  crypto: z
    .strictObject({
      method: z.enum(['passphrase', 'raw', 'derived']).exactOptional(),
      security_level: z.enum(['interactive', 'balanced', 'sensitive']).exactOptional(),
      custom_params: z.strictObject({ memory_kib: whole, passes: whole, lanes: whole }).exactOptional(),
    })
    .exactOptional(),
  security: z
    .strictObject({
      require_signatures: z.boolean().exactOptional(),
      verification_org: z.string().exactOptional(),
      authority: z.string().exactOptional(),
    })
    .exactOptional(),
  server: z
    .strictObject({
      listen: z.string().exactOptional(),
      socket: z.string().exactOptional(),
      hosts: z.array(z.string()).exactOptional(),
      behind_proxy: z.boolean().exactOptional(),
      tls_cert: z.string().exactOptional(),
      tls_key: z.string().exactOptional(),
      metrics: z.union([z.int().min(0).max(65_535), z.literal('off')]).exactOptional(),
      public_log: z.boolean().exactOptional(),
    })
    .exactOptional(),
  profiles: z
    .record(
      z.string(),
      z.strictObject({
        server: z.string(),
        as: z.string().exactOptional(),
        proofs: z.array(z.string()).exactOptional(),
        org: z.string().exactOptional(),
        authority: z.string().exactOptional(),
      }),
    )
    .exactOptional(),
});

/**
 * Reads the configuration file.
 *
 * @throws HanaperError `bad_config` where it is not valid, or holds anything secret
 */
export function readConfigFile(path: string): ConfigFile {
  const json = parseJson(readText(path));
  if (json === undefined) throw badFile(path, 'it is not JSON');
  refuseSecrets(json, path);
  const parsed = fileSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw badFile(path, `${issue?.path.join('.') || 'it'}: ${issue?.message ?? 'is not valid'}`);
}

function readText(path: string): string {
  try {
    const status = statSync(path);
    if (!status.isFile() || status.size > maxBytes) throw badFile(path, `it is no file of at most ${maxBytes} bytes`);
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw cause instanceof HanaperError ? cause : badFile(path, 'it cannot be read', cause);
  }
}

// The file is copied, committed and backed up: whatever is secret has no place in it.
function refuseSecrets(json: unknown, path: string): void {
  JSON.stringify(json, (key, value: unknown) => {
    if (/passphrase|password|secret|private|seed|token/i.test(key)) {
      throw badFile(path, `"${key}" is secret material, which does not belong in it; use --passphrase-file`);
    }
    if (typeof value === 'string' && /^[a-z]+:\/\/[^/?#]*:[^/?#]*@|[?&]password=/i.test(value)) {
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
