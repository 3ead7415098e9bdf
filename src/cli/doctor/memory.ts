import { dirname } from 'node:path';
import type { HanaperError } from '../../errors.ts';
import { toHanaperError } from '../output.ts';
import { quote } from '../quote.ts';
import { type Check, type Finding, ok, wrong } from './check.ts';
import type { Installation } from './installation.ts';
import { isWritable, lookAt } from './look-at.ts';

/** Whether what was learnt can be read, and what is learnt next can be written: known authorities and seen checkpoints. */
export const memory: Check = {
  name: 'memory',
  look: async (installation) => {
    const findings = [checkPins(installation), checkSeen(installation), checkFolder(installation)];
    const faults = findings.filter((each) => each !== undefined);
    if (faults.length > 0) return faults;
    const { stateFolder } = installation;
    return [
      ok(lookAt(stateFolder) ? `${stateFolder} is readable and writable` : `${stateFolder} is made at first use`),
    ];
  },
};

function checkPins({ pins, pinsFile }: Installation): Finding | undefined {
  return tryTo(
    () => pins.find(''),
    ({ details }) =>
      typeof details['line'] === 'number'
        ? `sed -i ${details['line']}d ${quote(pinsFile)}`
        : `ls -l ${quote(pinsFile)}`,
  );
}

function checkSeen({ seen, seenFile }: Installation): Finding | undefined {
  return tryTo(
    () => seen.list(''),
    ({ details }) =>
      details['reason'] === undefined
        ? `mv ${quote(seenFile)} ${quote(`${seenFile}.damaged`)}`
        : `ls -l ${quote(seenFile)}`,
  );
}

// It is made with those above it, in the first that is there.
function checkFolder({ stateFolder }: Installation): Finding | undefined {
  const there = findThere(stateFolder);
  if (lookAt(there)?.isDirectory() && isWritable(there)) return undefined;
  const message = `Nothing can be written to ${there}, so that what is seen cannot be remembered in ${stateFolder}.`;
  return wrong('bad_config', message, 'export XDG_STATE_HOME=FOLDER, with a folder of your own');
}

function findThere(path: string): string {
  return lookAt(path) || dirname(path) === path ? path : findThere(dirname(path));
}

function tryTo(read: () => unknown, remedy: (error: HanaperError) => string): Finding | undefined {
  try {
    read();
    return undefined;
  } catch (thrown) {
    const error = toHanaperError(thrown);
    return wrong(error.code, error.message, remedy(error));
  }
}
