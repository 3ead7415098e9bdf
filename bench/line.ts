import type { Timing } from './measure.ts';

/** One line of the result. */
export interface Line {
  readonly subject: string;
  readonly name: string;
  readonly value: number;
  readonly unit: 'ms' | 'MiB';
  /** How often it was measured. */
  readonly rounds: number;
  /** How many times as long as its peer, by medians. */
  readonly ratio?: number;
  /** The most that the ratio may be, or the value if there is no ratio. */
  readonly bound?: number;
  readonly pass?: boolean;
}

/** A subject that can be measured alone. */
export interface Subject {
  readonly name: string;
  readonly title: string;
  measure(): Promise<readonly Line[]>;
}

/** The first timing against the second, which it may exceed `bound`-fold; all others are for information. */
export function compare(subject: string, timings: readonly Timing[], bound: number): readonly Line[] {
  const [first, peer, ...others] = timings.map((timing) => describe(subject, timing));
  if (first === undefined || peer === undefined) throw new TypeError('a comparison needs two timings');
  const ratio = first.value / peer.value;
  return [
    { ...first, ratio, bound, pass: ratio <= bound },
    peer,
    ...others.map((line) => ({ ...line, ratio: line.value / peer.value })),
  ];
}

/** A timing as a line. */
export function describe(subject: string, { name, median, rounds }: Timing): Line {
  return { subject, name, value: median, unit: 'ms', rounds };
}

/** A line as text, its columns aligned. */
export function formatLine({ name, value, unit, ratio, bound, pass, rounds }: Line): string {
  const factor = ratio === undefined ? '' : `${ratio.toFixed(2)} x`;
  const most = bound === undefined ? '' : `at most ${ratio === undefined ? `${bound} ${unit}` : `${bound} x`}`;
  const verdict = pass === undefined ? '' : pass ? 'PASS' : 'FAIL';
  const cells = [
    `  ${name.padEnd(44)}`,
    formatValue(value, unit).padStart(11),
    factor.padStart(8),
    most.padEnd(16),
    verdict.padEnd(4),
  ];
  return `${cells.join('  ')}  (${rounds} rounds)`;
}

function formatValue(value: number, unit: Line['unit']): string {
  return unit === 'ms' && value < 1 ? `${(value * 1000).toFixed(1)} µs` : `${value.toFixed(1)} ${unit}`;
}
