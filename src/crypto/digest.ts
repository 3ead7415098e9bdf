import { hashSha256, PlatformSha256 } from '#crypto/digest';

/** The SHA-256 of `bytes`: 32 bytes. */
export function sha256(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return hashSha256(bytes);
}

/** A SHA-256 that takes its input in parts. */
export interface Sha256 {
  /** Adds a part. */
  update(part: Uint8Array): void;
  /** Ends the hash: 32 bytes. */
  digest(): Uint8Array<ArrayBuffer>;
}

/** Starts a SHA-256 over input that comes in parts. */
export function createSha256(): Sha256 {
  return new PlatformSha256();
}
