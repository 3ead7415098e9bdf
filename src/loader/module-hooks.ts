import { isBuiltin, registerHooks } from 'node:module';
import { pathToFileURL } from 'node:url';
import { encodeHex } from '../bytes.ts';
import { randomBytes } from '../crypto/random.ts';
import { HanaperError } from '../errors.ts';

const scheme = 'hanaper:';
// Modules of our own, beside those that were verified.
const ownScheme = 'hanaper-loader:';
const randomLength = 16;

const urls = new Map<string, string>();
const sources = new Map<string, Uint8Array | string>();
// By the URL under which `require` of a verified module asks.
const requirers = new Map<string, string>();
let registered = false;

/** The exports of a module: in a box, since a module that exports `then` would be called by whatever awaits it. */
export interface ImportedModule {
  readonly exports: Readonly<Record<string, unknown>>;
}

/**
 * Runs a verified ES module from memory, under the URL `hanaper:<sha256>/<random>`, and returns its exports.
 * From it, only Node's own modules can be imported or required: whatever else it named was never verified.
 * The same bytes are run once in a process.
 *
 * @throws HanaperError `unverified_import`; else what the module itself throws
 */
export async function importVerified(source: Uint8Array, sha256: string): Promise<ImportedModule> {
  const path = urls.get(sha256) ?? `${sha256}/${encodeHex(randomBytes(randomLength))}`;
  urls.set(sha256, path);
  const entry = `${ownScheme}entry/${path}`;
  registerOnce();
  sources.set(scheme + path, new Uint8Array(source));
  sources.set(entry, `export * as exports from ${JSON.stringify(scheme + path)};`);
  try {
    return await import(entry);
  } finally {
    sources.delete(scheme + path);
    sources.delete(entry);
  }
}

function registerOnce(): void {
  if (registered) return;
  registered = true;
  registerHooks({
    resolve(specifier, context, nextResolve) {
      const { parentURL = '' } = context;
      if (parentURL.startsWith(scheme))
        return resolveBuiltin(specifier, parentURL, () => nextResolve(specifier, context));
      const requirer = requirers.get(parentURL);
      if (requirer) return resolveBuiltin(specifier, requirer, () => nextResolve(specifier, context));
      if (sources.has(specifier)) return { url: specifier, format: 'module', shortCircuit: true };
      return nextResolve(specifier, context);
    },
    load(url, context, nextLoad) {
      const source = sources.get(url);
      return source === undefined ? nextLoad(url, context) : { source, format: 'module', shortCircuit: true };
    },
  });
}

function resolveBuiltin<Resolved>(specifier: string, parent: string, resolve: () => Resolved) {
  // What Node does not know under its own scheme, it says itself.
  if (!isBuiltin(specifier) && !specifier.startsWith('node:')) throw unverifiedImport(specifier, parent);
  if (specifier !== 'module' && specifier !== 'node:module') return resolve();
  return { url: makeModuleModule(parent), format: 'module', shortCircuit: true };
}

/**
 * Node's `module` as a verified module sees it: `createRequire` takes any place, above all `import.meta.url`, from which
 * Node's own would make no `require`, and gives one for Node's own modules.
 */
function makeModuleModule(parent: string): string {
  const path = parent.slice(scheme.length);
  const url = `${ownScheme}module/${path}`;
  // No file is ever looked for there.
  const place = `/hanaper/${path}`;
  requirers.set(pathToFileURL(place).href, parent);
  sources.set(
    url,
    `import module from 'node:module';
export * from 'node:module';
export const createRequire = () => module.createRequire(${JSON.stringify(place)});
const seen = new Proxy(module, {
  get: (target, name) => name === 'createRequire' ? createRequire : Reflect.get(target, name),
});
export { seen as default, seen as 'module.exports' };`,
  );
  return url;
}

function unverifiedImport(specifier: string, parent: string): HanaperError {
  const [packageHash = ''] = parent.slice(scheme.length).split('/');
  return new HanaperError(
    'unverified_import',
    `The package imports "${specifier}", which no signature covers. A package is one self-contained module: bundle what it needs, and import only Node's own modules.`,
    { specifier, packageHash },
  );
}
