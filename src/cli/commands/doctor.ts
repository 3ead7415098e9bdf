import { isatty } from 'node:tty';
import { HanaperError } from '../../errors.ts';
import { AlreadyShown } from '../already-shown.ts';
import type { Finding } from '../doctor/check.ts';
import { type Diagnosis, diagnose } from '../doctor/diagnose.ts';
import { Installation } from '../doctor/installation.ts';
import { checks } from '../doctor/list.ts';
import type { GlobalOptions } from '../global-options.ts';
import { type Outcome, type Output, printOutcome } from '../output.ts';
import { wrapText } from '../wrap-text.ts';

const marks: Readonly<Record<Finding['state'], string>> = {
  ok: 'ok',
  note: 'note',
  wrong: 'WRONG',
  skipped: 'skipped',
};
const markWidth = 7;
const narrowest = 40;
const nameWidth = Math.max(...checks.map(({ name }) => name.length));

/**
 * `hanaper doctor`: looks at all that a command needs, and changes nothing.
 *
 * @throws AlreadyShown where something is wrong
 */
export async function doctor(output: Output, options: GlobalOptions): Promise<Outcome> {
  const diagnoses = await diagnose(checks, new Installation(options, process.env));
  const outcome = { document: toDocument(diagnoses), lines: describe(diagnoses) };
  const fault = findFault(diagnoses);
  if (fault === undefined) return outcome;
  printOutcome(output, outcome);
  throw new AlreadyShown(fault);
}

function findFault(diagnoses: readonly Diagnosis[]): HanaperError | undefined {
  const fault = diagnoses.flatMap(({ findings }) => findings).find(({ code }) => code !== undefined);
  return fault?.code && new HanaperError(fault.code, fault.message);
}

function toDocument(diagnoses: readonly Diagnosis[]): object {
  const findings = diagnoses.flatMap((diagnosis) =>
    diagnosis.findings.map((finding) => ({ check: diagnosis.check, ...finding })),
  );
  return { ok: findFault(diagnoses) === undefined, checks: findings };
}

function describe(diagnoses: readonly Diagnosis[]): readonly string[] {
  const lines = diagnoses.flatMap(({ check, findings }) =>
    findings.flatMap((finding) => describeFinding(check, finding)),
  );
  return [...lines, '', summarize(diagnoses)];
}

// What is to be typed stays on one line, to be copied.
function describeFinding(check: string, { state, message, type }: Finding): readonly string[] {
  const head = `${marks[state].padEnd(markWidth)}  ${check.padEnd(nameWidth)}  `;
  const [first = '', ...rest] = wrapText(message, messageWidth(head.length));
  const indent = ' '.repeat(head.length);
  const typed = type === undefined ? [] : [`${indent}type: ${type}`];
  return [head + first, ...rest.map((line) => indent + line), ...typed];
}

// For a program a finding is one line, as long as it may be.
function messageWidth(before: number): number {
  return isatty(1) ? Math.max(narrowest, process.stdout.columns - before) : Number.POSITIVE_INFINITY;
}

function summarize(diagnoses: readonly Diagnosis[]): string {
  const faulty = diagnoses.filter(({ findings }) => findings.some(({ state }) => state === 'wrong'));
  if (faulty.length === 0) return 'All is right.';
  return `Something is wrong: ${faulty.map(({ check }) => check).join(', ')}. Nothing was changed.`;
}
