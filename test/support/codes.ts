import { expect } from 'vitest';
import type { ErrorCode, HanaperError } from '../../src/errors.ts';

/** Runs `act`, expects it to fail with a HanaperError of `code`, and returns that error. */
export async function expectCode(code: ErrorCode, act: () => unknown): Promise<HanaperError> {
  const error = await failureOf(act);
  expect(isHanaperError(error) ? error.code : error).toBe(code);
  return error as HanaperError;
}

/** Runs `act` and returns what it throws or rejects with; `undefined` where it succeeds. */
export async function failureOf(act: () => unknown): Promise<unknown> {
  try {
    await act();
    return undefined;
  } catch (error) {
    return error;
  }
}

/** Runs `act` and expects that whatever it throws is a HanaperError. */
export function expectOnlyHanaperErrors(act: () => unknown): void {
  try {
    act();
  } catch (error) {
    if (!isHanaperError(error)) throw error;
  }
}

/** Whether something is an error of ours. By name: a room that a test loads outside of Vitest has an error class of its own. */
export function isHanaperError(error: unknown): error is HanaperError {
  return error instanceof Error && error.name === 'HanaperError' && 'code' in error;
}
