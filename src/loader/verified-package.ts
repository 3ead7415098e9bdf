import { encodeHex } from '../bytes.ts';
import { sha256 } from '../crypto/digest.ts';
import { HanaperError } from '../errors.ts';
import type { VerificationResult } from '../package/verification-result.ts';
import { importVerified } from './module-hooks.ts';

/** What a package is, by the extension of its file. */
export type PackageKind = 'wasm' | 'javascript';

/** The bytes of a package, read once; where signatures are required, they are the bytes that were verified. */
export interface VerifiedPackage {
  readonly kind: PackageKind;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** SHA-256 of `bytes`: 64 hex characters. */
  readonly packageHash: string;
  /** `null` where signatures are not required, and nothing was checked. */
  readonly verification: VerificationResult | null;
}

/** A package that was loaded from its bytes. */
export type LoadedPackage = { readonly packageHash: string; readonly verification: VerificationResult | null } & (
  | { readonly kind: 'wasm'; readonly module: WebAssembly.Module }
  | { readonly kind: 'javascript'; readonly exports: Readonly<Record<string, unknown>> }
);

const kinds: Readonly<Record<string, PackageKind>> = { '.wasm': 'wasm', '.mjs': 'javascript', '.js': 'javascript' };

/**
 * The kind of a package by its extension: `.wasm`, `.mjs` or `.js`.
 *
 * @throws HanaperError `bad_input`
 */
export function kindOfPackage(extension: string): PackageKind {
  const kind = Object.hasOwn(kinds, extension) ? kinds[extension] : undefined;
  if (kind) return kind;
  throw new HanaperError(
    'bad_input',
    `Files with the extension "${extension}" cannot be loaded; ${Object.keys(kinds).join(', ')} can.`,
    { extension },
  );
}

/**
 * Loads a package from its bytes: WebAssembly is compiled, a JavaScript module is run.
 *
 * @throws HanaperError `unverified_import`, `bad_input` where the bytes are not of their kind or fail when run
 */
export async function instantiate({ kind, bytes, packageHash, verification }: VerifiedPackage): Promise<LoadedPackage> {
  if (encodeHex(sha256(bytes)) !== packageHash) throw new TypeError('these are not the bytes that were verified');
  try {
    return kind === 'wasm'
      ? { kind, packageHash, verification, module: await WebAssembly.compile(bytes) }
      : { kind, packageHash, verification, ...(await importVerified(bytes, packageHash)) };
  } catch (cause) {
    if (cause instanceof HanaperError) throw cause;
    const reason = describeThrown(cause);
    throw new HanaperError(
      'bad_input',
      `The package could not be loaded as ${kind}: ${reason}.`,
      { kind, reason },
      cause,
    );
  }
}

/** What a package threw, in a line; a package may throw anything, and even reading that may throw. */
export function describeThrown(thrown: unknown): string {
  try {
    return thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
  } catch {
    return 'it threw something that cannot be described';
  }
}
