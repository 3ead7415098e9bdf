import type { Output } from './output.ts';
import { writeText } from './write-text.ts';

/** Output to the standard streams of this process. */
export function createOutput(json: boolean): Output {
  return {
    json,
    out: (text) => writeText(1, text),
    error: (text) => writeText(2, text),
  };
}
