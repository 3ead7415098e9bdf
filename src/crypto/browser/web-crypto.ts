/** WebCrypto (W3C Web Cryptography Level 2), present in secure contexts alone. */
export const subtle: SubtleCrypto = globalThis.crypto.subtle;

/** The same bytes, typed as WebCrypto takes them: it refuses shared memory by itself. */
export function asSource(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes as Uint8Array<ArrayBuffer>;
}

/** What `act` gives; `undefined` where WebCrypto refuses the key or the data that it was given. */
export async function unlessRefused<T>(act: () => Promise<T>): Promise<T | undefined> {
  try {
    return await act();
  } catch (error) {
    if (error instanceof DOMException && (error.name === 'DataError' || error.name === 'OperationError'))
      return undefined;
    throw error;
  }
}
