import { encodeHex } from '../bytes.ts';
import { randomBytes } from './random.ts';

/** A UUID version 7 (RFC 9562, section 5.7): 48 bits of `now` in milliseconds, 74 random bits. */
export function createUuid(now: Date): string {
  const bytes = randomBytes(16);
  const view = new DataView(bytes.buffer);
  const milliseconds = now.getTime();
  view.setUint32(0, Math.floor(milliseconds / 0x10000));
  view.setUint16(4, milliseconds % 0x10000);
  view.setUint8(6, 0x70 | (view.getUint8(6) & 0x0f));
  view.setUint8(8, 0x80 | (view.getUint8(8) & 0x3f));
  const hex = encodeHex(bytes);
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/** Whether `text` is a UUID in its canonical lower-case form. */
export function isUuid(text: string): boolean {
  return /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/.test(text);
}
