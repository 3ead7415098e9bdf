// The Web Cryptography API gives no more in one call.
const most = 65_536;

export function fillRandom(bytes: Uint8Array<ArrayBuffer>): void {
  for (let start = 0; start < bytes.length; start += most) {
    globalThis.crypto.getRandomValues(bytes.subarray(start, start + most));
  }
}
