import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Delegation, decodeDelegation, unpackTokens } from '../src/ucan/index.ts';
import {
  createStranger,
  type HostileKind,
  hostileKinds,
  sendHostile,
  storeMany,
  type Target,
} from '../test/support/hostile.ts';
import type { Line, Subject } from './line.ts';
import { medianOf } from './measure.ts';
import { Served } from './served.ts';
import { Workshop } from './workshop.ts';

const subject = 'hostile';
const warmUps = 3;
const rounds = 20;
const stored = 1000;
const bounds = { cpu: 20, memory: 16, block: 50 };
const watcher = fileURLToPath(new URL('longest-block.cjs', import.meta.url));

/** What a request costs that somebody sends to do harm: of each kind processor time, memory, and the longest block. */
export const hostile: Subject = {
  name: subject,
  title: 'requests of strangers and of small holders: server CPU, memory and longest block of the event loop for one',
  async measure() {
    using workshop = new Workshop();
    const blockFile = join(workshop.folder, 'block');
    const place = {
      folder: workshop.folder,
      environment: { ...workshop.environment, LONGEST_BLOCK_FILE: blockFile },
    };
    workshop.hanaper('org', 'set', 'acme', '--public-verification', 'on');
    const target = await createTarget(workshop);
    const unlocked = ['--passphrase-file', join(workshop.folder, 'passphrase')];
    await using served = await Served.start(place, unlocked, ['--require', watcher]);
    await storeMany(served.url, target, stored);
    const lines: Line[] = [];
    for (const kind of hostileKinds) lines.push(...(await measureKind(kind, target, served, blockFile)));
    return lines;
  },
};

async function createTarget(workshop: Workshop): Promise<Target> {
  const holder = await createStranger();
  const delegation = await delegate(workshop, holder.did, '/delegation');
  const importing = await delegate(workshop, holder.did, '/ucan');
  return { authority: delegation.issuer, holder, delegation, importing };
}

async function delegate(workshop: Workshop, audience: string, command: string): Promise<Delegation> {
  const file = join(workshop.folder, `${command.slice(1)}.ucan`);
  const how = ['--authority', '--command', command, '--output', file];
  workshop.hanaper('ucan', 'delegate', '--audience', audience, ...how);
  const [bytes = new Uint8Array(0)] = await unpackTokens(readFileSync(file));
  return decodeDelegation(bytes);
}

async function measureKind(
  { name, make }: HostileKind,
  target: Target,
  served: Served,
  blockFile: string,
): Promise<readonly Line[]> {
  const sent = await Promise.all(Array.from({ length: warmUps + rounds }, () => make(target)));
  for (const each of sent.splice(0, warmUps)) await sendHostile(served.url, each);
  await readLongestBlock(served, blockFile);
  const memory: number[] = [];
  const blocks: number[] = [];
  const before = served.cpu();
  for (const each of sent) {
    const held = resetPeak(served);
    await sendHostile(served.url, each);
    memory.push(readStatus(served, 'VmHWM') - held);
    blocks.push(await readLongestBlock(served, blockFile));
  }
  const cpu = (served.cpu() - before) / rounds;
  return [
    line(`${name}: CPU`, cpu, 'ms', bounds.cpu),
    line(`${name}: memory`, Math.max(...memory), 'MiB', bounds.memory),
    line(`${name}: longest block`, medianOf(blocks), 'ms', bounds.block),
  ];
}

// proc(5): writing 5 sets the peak to what is held now.
function resetPeak(served: Served): number {
  writeFileSync(`/proc/${served.pid}/clear_refs`, '5');
  return readStatus(served, 'VmRSS');
}

function readStatus({ pid }: Served, field: string): number {
  const [, kibibytes] =
    new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'latin1')) ?? [];
  return Number(kibibytes) / 1024;
}

async function readLongestBlock({ pid }: Served, file: string): Promise<number> {
  rmSync(file, { force: true });
  process.kill(pid, 'SIGUSR2');
  for (;;) {
    const text = readIfThere(file);
    if (text.endsWith('\n')) return Number(text);
    await sleep(2);
  }
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return '';
  }
}

function line(name: string, value: number, unit: Line['unit'], bound: number): Line {
  return { subject, name, value, unit, rounds, bound, pass: value <= bound };
}
