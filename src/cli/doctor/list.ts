import { authority } from './authority.ts';
import type { Check } from './check.ts';
import { clock } from './clock.ts';
import { configuration } from './configuration.ts';
import { database } from './database.ts';
import { log } from './log.ts';
import { memory } from './memory.ts';
import { node } from './node.ts';
import { permissions } from './permissions.ts';
import { settings } from './settings.ts';
import { slots } from './slots.ts';
import { versions } from './versions.ts';

/** Every check, in the order in which they are shown; the first that finds something wrong decides the exit status. */
export const checks: readonly Check[] = [
  versions,
  node,
  configuration,
  permissions,
  memory,
  database,
  settings,
  authority,
  slots,
  log,
  clock,
];
