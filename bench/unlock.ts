import { argon2, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { openAuthority } from 'hanaper';
import { preparePassphrase, securityLevels } from 'hanaper/vault';
import { compare, type Subject } from './line.ts';
import { alternate, timeOf } from './measure.ts';
import { Workshop } from './workshop.ts';

const subject = 'unlock';
const rounds = 25;
const bound = 1.2;
const derive = promisify(argon2);

/** Unlocking a database: hardly more than the Argon2id that it must cost. */
export const unlock: Subject = {
  name: subject,
  title: 'unlock with the costs "balanced"',
  async measure() {
    using workshop = new Workshop();
    await using authority = await openAuthority({ database: workshop.database });
    const { memoryKib: memory, passes, lanes: parallelism } = securityLevels.balanced;
    const message = Buffer.from(workshop.passphrase);
    const inputs = { message, nonce: randomBytes(16), tagLength: 32, memory, passes, parallelism };
    const timings = await alternate(rounds, [
      {
        name: 'authority.unlock',
        run: async () => {
          using passphrase = preparePassphrase(workshop.passphrase);
          const time = await timeOf(() => authority.unlock({ kind: 'passphrase', passphrase }));
          authority.lock();
          return time;
        },
      },
      { name: 'node:crypto: argon2id', run: () => timeOf(() => derive('argon2id', inputs)) },
    ]);
    return compare(subject, timings, bound);
  },
};
