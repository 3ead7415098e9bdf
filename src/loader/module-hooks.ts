import { registerHooks } from 'node:module';
import { HanaperError } from '../errors.ts';

const scheme = 'hanaper:';
const sources = new Map<string, Uint8Array>();
let registered = false;

/**
 * Runs a verified ES module from memory, under the URL `hanaper:<sha256>`, and returns its exports.
 * From it, only `node:` specifiers resolve, static or dynamic: whatever else it named was never verified.
 * The same bytes are run once in a process.
 *
 * @throws HanaperError `unverified_import`; else what the module itself throws
 */
export async function importVerified(source: Uint8Array, sha256: string): Promise<Readonly<Record<string, unknown>>> {
  const url = scheme + sha256;
  sources.set(url, new Uint8Array(source));
  registerOnce();
  try {
    return await import(url);
  } finally {
    sources.delete(url);
  }
}

function registerOnce(): void {
  if (registered) return;
  registered = true;
  registerHooks({
    resolve(specifier, context, nextResolve) {
      if (context.parentURL?.startsWith(scheme)) requireBuiltin(specifier, context.parentURL);
      else if (sources.has(specifier)) return { url: specifier, format: 'module', shortCircuit: true };
      return nextResolve(specifier, context);
    },
    load(url, context, nextLoad) {
      const source = sources.get(url);
      return source ? { source, format: 'module', shortCircuit: true } : nextLoad(url, context);
    },
  });
}

function requireBuiltin(specifier: string, parent: string): void {
  if (specifier.startsWith('node:')) return;
  throw new HanaperError(
    'unverified_import',
    `The package imports "${specifier}", which no signature covers. A package is one self-contained module: bundle what it needs, and import only node: modules.`,
    { specifier, packageHash: parent.slice(scheme.length) },
  );
}
