import { HanaperError } from '../../errors.ts';
import { AlreadyShown } from '../already-shown.ts';
import type { Finding } from '../doctor/check.ts';
import { type Diagnosis, diagnose } from '../doctor/diagnose.ts';
import { Installation } from '../doctor/installation.ts';
import { checks } from '../doctor/list.ts';
import type { GlobalOptions } from '../global-options.ts';
import { type Outcome, type Output, printOutcome } from '../output.ts';

const marks: Readonly<Record<Finding['state'], string>> = {
  ok: 'ok',
  note: 'note',
  wrong: 'WRONG',
  skipped: 'skipped',
};
const markWidth = 7;
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

function describeFinding(check: string, { state, message, type }: Finding): readonly string[] {
  const line = `${marks[state].padEnd(markWidth)}  ${check.padEnd(nameWidth)}  ${message}`;
  return [line, ...(type === undefined ? [] : [`${' '.repeat(markWidth + nameWidth + 4)}type: ${type}`])];
}

function summarize(diagnoses: readonly Diagnosis[]): string {
  const faulty = diagnoses.filter(({ findings }) => findings.some(({ state }) => state === 'wrong'));
  if (faulty.length === 0) return 'All is right.';
  return `Something is wrong: ${faulty.map(({ check }) => check).join(', ')}. Nothing was changed.`;
}
