import type { ErrorCode } from '../../errors.ts';
import type { Installation } from './installation.ts';

/** What a check has found: `note` is worth knowing and no fault; `skipped` could not be checked, for a fault found elsewhere. */
export interface Finding {
  readonly state: 'ok' | 'note' | 'wrong' | 'skipped';
  readonly message: string;
  /** What to type, where something is wrong. */
  readonly type?: string;
  /** Of something wrong. */
  readonly code?: ErrorCode;
}

/** One check, which stands alone: whatever it throws is a finding of its own. */
export interface Check {
  readonly name: string;
  look(installation: Installation): Promise<readonly Finding[]>;
}

/** All is right. */
export function ok(message: string): Finding {
  return { state: 'ok', message };
}

/** Something is worth knowing. */
export function note(message: string, type?: string): Finding {
  return { state: 'note', message, ...(type !== undefined && { type }) };
}

/** Something is wrong, and `type` puts it right. */
export function wrong(code: ErrorCode, message: string, type?: string): Finding {
  return { state: 'wrong', code, message, ...(type !== undefined && { type }) };
}

/** Something could not be looked at. */
export function skipped(message: string): Finding {
  return { state: 'skipped', message };
}
