import type { ConfigOverrides } from '../config.ts';

/** The options that every command takes. */
export interface GlobalOptions {
  readonly db?: string;
  readonly durability?: string;
  readonly org?: string;
  readonly json?: boolean;
  /** True without a DID behind it. */
  readonly authority?: string | true;
  readonly passphraseFile?: string;
  readonly rawKeyFile?: string;
  readonly log?: string;
  readonly server?: string;
  readonly as?: string;
  /** Empty without a file behind it. */
  readonly proof?: readonly string[];
  readonly profile?: string;
  readonly keyPassphraseFile?: string;
  /** Allows plain http to a server on another machine. */
  readonly insecure?: boolean;
}

/** Path of the event log; `-` is standard error. */
export function eventLogPathOf({ log }: GlobalOptions): string | undefined {
  return log ?? (process.env['HANAPER_LOG'] || undefined);
}

/** What the options say instead of the environment and the configuration file. */
export function overridesOf(options: GlobalOptions): ConfigOverrides {
  const { db, durability, org, authority, server, as, proof, profile } = options;
  return {
    ...(db !== undefined && { db }),
    ...(durability !== undefined && { durability }),
    ...(org !== undefined && { org }),
    ...(typeof authority === 'string' && { authority }),
    ...(server !== undefined && { server }),
    ...(as !== undefined && { as }),
    ...(proof?.some(isNamed) && { proofs: proof.filter(isNamed) }),
    ...(profile !== undefined && { profile }),
  };
}

function isNamed(path: string): boolean {
  return path !== '';
}
