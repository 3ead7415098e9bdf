import { compare, describe, type Line, type Subject } from './line.ts';
import { alternate, medianOf } from './measure.ts';
import { createPeers } from './peers.ts';
import { run } from './run.ts';
import { Workshop } from './workshop.ts';

const subject = 'large-package';
const length = 1_000_000_000;
const rounds = 7;
const peerRounds = 3;
const bound = 1.15;
const maxMemory = 100;

/** A large file, whole process: hardly more than its SHA-256 costs, in constant memory. */
export const largePackage: Subject = {
  name: subject,
  title: 'package verify of 1 GB, whole process, page cache warm',
  async measure() {
    using workshop = new Workshop();
    const path = workshop.createPackage('large.wasm', length);
    const timings = await alternate(rounds, [
      { name: 'hanaper package verify', run: () => workshop.hanaper('package', 'verify', path) },
      { name: 'openssl dgst -sha256', run: () => run('openssl', ['dgst', '-sha256', path]) },
    ]);
    return [
      ...compare(subject, timings, bound),
      measureMemory(workshop, path),
      ...(await measurePeers(workshop, path)),
    ];
  },
};

function measureMemory(workshop: Workshop, path: string): Line {
  const peaks = Array.from({ length: peerRounds }, () => workshop.peakMemoryOf('package', 'verify', path));
  const value = medianOf(peaks);
  const name = 'hanaper package verify, peak memory';
  return { subject, name, value, unit: 'MiB', rounds: peerRounds, bound: maxMemory, pass: value <= maxMemory };
}

// For information: each verifies a signature of the same file, by its own key and format.
async function measurePeers(workshop: Workshop, path: string): Promise<readonly Line[]> {
  using peers = createPeers(workshop.folder, path);
  const timings = await alternate(peerRounds, peers.contenders);
  return timings.map((timing) => describe(subject, timing));
}
