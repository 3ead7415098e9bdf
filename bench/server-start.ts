import type { Line, Subject } from './line.ts';
import { medianOf } from './measure.ts';
import { Served } from './served.ts';
import { Workshop } from './workshop.ts';

const subject = 'server-start';
const rounds = 15;
const bound = 400;

/** From the start of the process to the first answer that it is ready, locked: unlocking is another subject. */
export const serverStart: Subject = {
  name: subject,
  title: 'hanaper serve: start to ready, SQLite, locked, compile cache warm',
  async measure() {
    using workshop = new Workshop();
    const { HANAPER_PASSPHRASE_FILE: _, ...environment } = workshop.environment;
    const times: number[] = [];
    for (let round = 0; round <= rounds; round++) {
      const startedAt = performance.now();
      await using served = await Served.start({ folder: workshop.folder, environment });
      const time = performance.now() - startedAt;
      if (round > 0 && (await served.isReady())) times.push(time);
    }
    return [describe(medianOf(times))];
  },
};

function describe(value: number): Line {
  return { subject, name: 'start to ready', value, unit: 'ms', rounds, bound, pass: value <= bound };
}
