import type { Check, Finding } from './check.ts';
import type { Installation } from './installation.ts';
import { toFinding } from './to-finding.ts';

/** What one check has found: one finding at least. */
export interface Diagnosis {
  readonly check: string;
  readonly findings: readonly Finding[];
}

/** Makes every check, each by itself: what goes wrong in one is its finding, and hides nothing that another finds. */
export async function diagnose(checks: readonly Check[], installation: Installation): Promise<readonly Diagnosis[]> {
  const diagnoses: Diagnosis[] = [];
  for (const check of checks) {
    const findings = await check.look(installation).catch((error: unknown) => [toFinding(error)]);
    diagnoses.push({ check: check.name, findings });
  }
  return diagnoses;
}
