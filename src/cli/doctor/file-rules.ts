import { dirname } from 'node:path';
import { findConfigFile } from '../../config.ts';
import type { GlobalOptions } from '../global-options.ts';
import type { Installation } from './installation.ts';

/** How a file or folder is used, and what others may therefore not do with it. */
export interface FileRule {
  readonly path: string;
  /** What it is, as a sentence begins. */
  readonly what: string;
  /** The bits that must not be set; `strict`: not for the group either, else that is only worth knowing. */
  readonly forbidden: number;
  readonly isStrict?: true;
  /** Whether another user may own it. */
  readonly mayBeOthers?: true;
  /** Whether something is written there. */
  readonly isWritten?: true;
  /** What to type where it is not there, though it must be. */
  readonly ifMissing?: string;
}

const anyoneElse = 0o077;
const groupWritesOrOthersRead = 0o027;
const othersWrite = 0o022;

const secretOptions: readonly (readonly [keyof GlobalOptions, string, string])[] = [
  ['passphraseFile', '--passphrase-file', 'HANAPER_PASSPHRASE_FILE'],
  ['rawKeyFile', '--raw-key-file', 'HANAPER_RAW_KEY_FILE'],
  ['keyPassphraseFile', '--key-passphrase-file', 'HANAPER_KEY_PASSPHRASE_FILE'],
  ['as', '--as', 'HANAPER_AS'],
];

/** The files and folders of an installation, as far as it is known where they are. */
export async function listFileRules(installation: Installation): Promise<readonly FileRule[]> {
  const lists = [listDatabase(installation), listState(installation), listServerKey(installation)];
  // Where a place is not known, another check says why.
  const known = await Promise.all(lists.map((list) => list.catch(() => [])));
  return [...known.flat(), ...listConfig(installation), ...listSecrets(installation)];
}

async function listDatabase(installation: Installation): Promise<readonly FileRule[]> {
  const path = await installation.findDatabaseFile();
  if (path === undefined) return [];
  const rule = {
    what: 'The database',
    forbidden: groupWritesOrOthersRead,
    mayBeOthers: true,
    isWritten: true,
  } as const;
  return [
    ...['', '-wal', '-shm', '-journal'].map((suffix) => ({ ...rule, path: path + suffix })),
    { path: dirname(path), what: 'The folder of the database', forbidden: othersWrite, mayBeOthers: true },
  ];
}

async function listState({ stateFolder, pinsFile, seenFile }: Installation): Promise<readonly FileRule[]> {
  const rule = { forbidden: othersWrite, isWritten: true } as const;
  return [
    { ...rule, path: stateFolder, what: 'The state folder' },
    { ...rule, path: pinsFile, what: 'The list of known authorities' },
    { ...rule, path: seenFile, what: 'The memory of logs' },
  ];
}

async function listServerKey(installation: Installation): Promise<readonly FileRule[]> {
  const { tlsKey } = (await installation.readConfig()).server;
  const ifMissing = 'hanaper serve --tls-cert FILE --tls-key FILE';
  if (tlsKey === undefined) return [];
  return [{ path: tlsKey, what: 'The private key of the server', forbidden: anyoneElse, isStrict: true, ifMissing }];
}

function listConfig({ environment }: Installation): readonly FileRule[] {
  const path = findConfigFile(environment);
  if (path === undefined) return [];
  return [
    { path, what: 'The configuration file', forbidden: othersWrite },
    { path: dirname(path), what: 'The folder of the configuration file', forbidden: othersWrite },
  ];
}

function listSecrets({ options, environment }: Installation): readonly FileRule[] {
  return secretOptions.flatMap(([option, flag, variable]) => {
    const flagged = options[option];
    const path = flagged ?? environment[variable];
    if (typeof path !== 'string' || path === '' || path === '-') return [];
    const ifMissing = flagged === undefined ? `unset ${variable}` : `${flag} FILE, with one that is there`;
    return [{ path, what: `The file of ${flag}`, forbidden: anyoneElse, isStrict: true as const, ifMissing }];
  });
}
