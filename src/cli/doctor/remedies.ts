import type { ErrorCode, ErrorDetails, HanaperError } from '../../errors.ts';
import { quote } from '../quote.ts';

type Remedy = string | ((details: ErrorDetails) => string | undefined);

const remedies: Partial<Readonly<Record<ErrorCode, Remedy>>> = {
  not_initialized: 'hanaper init --org NAME',
  database_older: 'hanaper status',
  database_newer: 'npm install -g hanaper',
  database_corrupt: remedyForDamage,
  authority_tampered: 'hanaper log verify',
  authority_changed: ({ actual }) => `hanaper --authority ${String(actual)} status`,
  log_tampered: 'hanaper log verify',
  log_rolled_back: 'hanaper log verify',
  slot_damaged: 'hanaper validate',
  bad_config: remedyForConfig,
  unavailable: remedyForAbsence,
};

/** What to type for a failure; `undefined` where its message says all there is to say. */
export function remedyFor({ code, details }: HanaperError): string | undefined {
  const remedy = remedies[code];
  return typeof remedy === 'function' ? remedy(details) : remedy;
}

// What cannot even be opened is either not meant, or has to be put back.
function remedyForDamage({ database, reason }: ErrorDetails): string {
  const file = fileOf(database);
  if (file === undefined) return 'hanaper log verify';
  return reason === undefined ? `cp BACKUP ${quote(file)}` : 'hanaper --db sqlite:ANOTHER_FILE doctor';
}

function remedyForConfig({ setting, field, variable, path, reason }: ErrorDetails): string | undefined {
  if (reason === 'no home') return `export ${String(variable)}=FOLDER`;
  if (typeof setting === 'string') return remedyForSetting(setting);
  if (field !== undefined) return 'hanaper --db sqlite:FILE doctor';
  if (typeof variable === 'string') return `unset ${variable}`;
  return typeof path === 'string' ? `ls -ld ${quote(path)}` : undefined;
}

function remedyForSetting(setting: string): string {
  if (setting === 'server_encoding') return 'createdb --encoding UTF8 --template template0 NAME';
  if (setting === 'session_replication_role') return "psql -c 'alter role CURRENT_USER reset session_replication_role'";
  return `psql -c 'alter system set ${setting} = on' -c 'select pg_reload_conf()'`;
}

function remedyForAbsence({ database, path }: ErrorDetails): string | undefined {
  const file = fileOf(database);
  if (file !== undefined) return `fuser -v ${quote(file)}`;
  if (typeof database === 'string' && database.startsWith('postgres:')) {
    return `pg_isready -d ${quote(database.replace(/\?.*/, ''))}`;
  }
  return typeof path === 'string' ? `ls -ld ${quote(path)}` : undefined;
}

function fileOf(database: unknown): string | undefined {
  return typeof database === 'string' && database.startsWith('sqlite:') ? database.slice('sqlite:'.length) : undefined;
}
