import { compare, type Subject } from './line.ts';
import { alternate } from './measure.ts';
import { run } from './run.ts';
import { Workshop } from './workshop.ts';

const subject = 'start-up';
const length = 1024;
const rounds = 60;
const bound = 2.4;

/** A small file, whole process: Node's own start is what there is to compare with. */
export const startUp: Subject = {
  name: subject,
  title: 'package verify of 1 KB, whole process, SQLite database, compile cache warm',
  async measure() {
    using workshop = new Workshop();
    const path = workshop.createPackage('small.wasm', length);
    const timings = await alternate(rounds, [
      { name: 'hanaper package verify', run: () => workshop.hanaper('package', 'verify', path) },
      { name: 'node -e 0', run: () => run(process.execPath, ['-e', '0']) },
      { name: 'hanaper --version', run: () => workshop.hanaper('--version') },
    ]);
    return compare(subject, timings, bound);
  },
};
