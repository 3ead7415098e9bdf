import { createReadStream, createWriteStream } from 'node:fs';
import { inspect } from 'node:util';
import { Worker } from 'node:worker_threads';
import { concatBytes } from '../bytes.ts';
import { type ErrorCode, type ErrorDetails, HanaperError } from '../errors.ts';
import { describeThrown, instantiate, type LoadedPackage, type PackageKind } from '../loader/verified-package.ts';

/** What the child says when it is done: the names a package exports and what a call returned, or why it failed. */
export type ChildAnswer =
  | { readonly exports: readonly string[]; readonly result?: string }
  | { readonly error: { readonly code: ErrorCode; readonly message: string; readonly details: ErrorDetails } };

const input = 3;
const output = 4;
const parent = 5;
const maxListed = 20;

/** The process in which `hanaper package load` runs a package: verified bytes come in on descriptor 3, an answer goes out on 4. */
async function run([kind, packageHash, call]: readonly string[]): Promise<ChildAnswer> {
  try {
    const bytes = await readAll();
    const loaded = await instantiate({
      kind: kind as PackageKind,
      bytes,
      packageHash: packageHash ?? '',
      verification: null,
    });
    const { exports } = await exportsOf(loaded);
    const result = call === undefined ? undefined : await callExport(exports, call);
    return { exports: Object.keys(exports), ...(result !== undefined && { result }) };
  } catch (error) {
    if (error instanceof HanaperError)
      return { error: { code: error.code, message: error.message, details: error.details } };
    const reason = describeThrown(error);
    return {
      error: { code: 'bad_input', message: `The package failed when it was run: ${reason}.`, details: { reason } },
    };
  }
}

async function readAll(): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of createReadStream('', { fd: input })) chunks.push(chunk);
  return concatBytes(...chunks);
}

// In a box: what is awaited must not be a package's own object, which can have a `then`.
async function exportsOf(loaded: LoadedPackage): Promise<{ readonly exports: Readonly<Record<string, unknown>> }> {
  if (loaded.kind === 'javascript') return loaded;
  requireNoImports(loaded.module);
  return WebAssembly.instantiate(loaded.module, {});
}

function requireNoImports(module: WebAssembly.Module): void {
  const imports = WebAssembly.Module.imports(module).map(({ module, name, kind }) => `${module}.${name} (${kind})`);
  if (imports.length === 0) return;
  const listed = imports.slice(0, maxListed);
  const more = imports.length > maxListed ? ` and ${imports.length - maxListed} more` : '';
  throw new HanaperError(
    'bad_input',
    `The module imports ${listed.join(', ')}${more}, and "package load" gives it nothing. Load it in a program of your own, which instantiates it with what it may have.`,
    { imports: listed, count: imports.length },
  );
}

async function callExport(exports: Readonly<Record<string, unknown>>, name: string): Promise<string> {
  const called = Object.hasOwn(exports, name) ? exports[name] : undefined;
  if (typeof called === 'function') return inspect(await called(), { breakLength: Number.POSITIVE_INFINITY });
  throw new HanaperError(
    'not_found',
    `The package exports no function "${name}"; it exports ${Object.keys(exports).join(', ') || 'nothing'}.`,
    {
      kind: 'export',
      name,
    },
  );
}

// Nobody tells a process that its parent was killed, but the kernel closes what that held. A thread of its own watches for it:
// the package can keep this one busy for ever. What the package has started is in our group, and ends too.
const watch = `
  const { workerData } = require('node:worker_threads');
  const end = () => process.kill(-process.pid, 'SIGKILL');
  new (require('node:net').Socket)({ fd: workerData, readable: true, writable: false }).on('close', end).on('error', end).resume();
`;
new Worker(watch, { eval: true, workerData: parent }).unref();

run(process.argv.slice(2)).then((answer) => {
  // What the package left running ends with its answer.
  createWriteStream('', { fd: output }).end(JSON.stringify(answer), () => process.exit(0));
});
