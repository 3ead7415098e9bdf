import { randomFillSync } from 'node:crypto';

export function fillRandom(bytes: Uint8Array<ArrayBuffer>): void {
  randomFillSync(bytes);
}
