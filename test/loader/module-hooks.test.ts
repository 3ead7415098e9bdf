import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeEach, describe, expect, test } from 'vitest';
import type { ErrorCode } from '../../src/errors.ts';
import type * as Loading from '../../src/loader/index.ts';
import { appendSignature } from '../../src/package/index.ts';
import type { TrustSource } from '../../src/trust/index.ts';
import { expectCode, failureOf } from '../support/codes.ts';
import {
  createSigner,
  now,
  requireSource,
  type Signer,
  signBy,
  temporaryFile,
  temporaryFolder,
  trustIn,
} from '../support/fixtures.ts';

const { createLoader, instantiate } = requireSource<typeof Loading>('loader/index.ts');
const [alice, bob] = [await createSigner('alice'), await createSigner('bob')];
const trust: TrustSource = {
  trustFor: async () => ({ authority: null, organisation: alice.organisation, keys: trustIn(alice), signatures: [] }),
};
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const ran: string[] = [];
Object.assign(globalThis, { hanaperTestRan: ran });
const note = (what: string) => `globalThis.hanaperTestRan.push(${JSON.stringify(what)});`;

beforeEach(() => {
  ran.length = 0;
});

function strictLoader(from: TrustSource = trust): Loading.Loader {
  const security = { requireSignatures: true, verificationOrg: 'acme' };
  return createLoader({ security, trust: from, clock: () => now });
}

async function signedModule(source: string, signer: Signer = alice, name = 'plugin.mjs'): Promise<string> {
  const path = temporaryFile(name, source);
  appendSignature(`${path}.sig`, await signBy(signer, sha256(source), { name }));
  return path;
}

async function loadedFrom(path: string): Promise<Loading.LoadedPackage> {
  return await strictLoader().load(path);
}

async function exportsOf(path: string): Promise<Readonly<Record<string, unknown>>> {
  const loaded = await loadedFrom(path);
  if (loaded.kind !== 'javascript') throw new TypeError('it was loaded as WebAssembly');
  return loaded.exports;
}

describe('a verified module', () => {
  test.each(['plugin.mjs', 'plugin.js'])('named %s is run from memory, under its hash', async (name) => {
    const source = `${note(name)} export const answer = 42; export const url = import.meta.url;`;
    const exports = await exportsOf(await signedModule(source, alice, name));
    expect(exports).toMatchObject({ answer: 42 });
    expect(exports['url']).toMatch(new RegExp(`^hanaper:${sha256(source)}/[0-9a-f]{32}$`));
    expect(ran).toEqual([name]);
  });

  test('is run once, however often it is loaded', async () => {
    const path = await signedModule(`${note('once')} export const token = {};`);
    const [first, second] = [await exportsOf(path), await exportsOf(path)];
    expect(ran).toEqual(['once']);
    expect(first['token']).toBe(second['token']);
  });

  test.each([
    ['with its scheme', 'node:path', 'node:os'],
    ['by its bare name', 'path', 'os'],
    ['by the name of a part', 'path/posix', 'os'],
  ])('may import what is Node’s own %s, by statement or by call', async (_, first, second) => {
    const source = `import { sep } from '${first}'; export const both = sep + (await import('${second}')).EOL;`;
    expect(await exportsOf(await signedModule(source))).toMatchObject({ both: '/\n' });
  });

  test.each([
    `import { createRequire } from 'node:module';`,
    `import { createRequire } from 'module';`,
    `import module from 'node:module'; const { createRequire } = module;`,
    `import * as module from 'node:module'; const { createRequire } = module;`,
    `const { createRequire } = await import('node:module');`,
    `import { createRequire as first } from 'node:module'; const { createRequire } = first(import.meta.url)('module');`,
  ])('may require what is Node’s own, and nothing else: %s', async (statement) => {
    const source = `${statement}
      const require = createRequire(import.meta.url);
      const refused = [];
      for (const asked of ['kysely', './x.js', ${JSON.stringify(import.meta.filename)}, 'node:no-such-module']) {
        try { require(asked); } catch (error) { refused.push(error.code); }
      }
      export const found = [require('path').sep, require('node:os').EOL, typeof require('fs').readFileSync, refused];`;
    const { found } = await exportsOf(await signedModule(source));
    const unverified = ['unverified_import', 'unverified_import', 'unverified_import'];
    expect(found).toEqual(['/', '\n', 'function', [...unverified, 'ERR_UNKNOWN_BUILTIN_MODULE']]);
  });

  test('gets no other require from any other place', async () => {
    const source = `import { createRequire } from 'node:module';
      export const code = (() => { try { createRequire('/')('${import.meta.filename}'); } catch (error) { return error.code; } })();`;
    expect(await exportsOf(await signedModule(source))).toMatchObject({ code: 'unverified_import' });
  });

  test('sees the rest of Node’s own module as it is', async () => {
    const source = `import module, { isBuiltin } from 'node:module';
      export const same = [module.isBuiltin === isBuiltin, isBuiltin('fs'), module.builtinModules.includes('fs'), module.name];`;
    expect(await exportsOf(await signedModule(source))).toMatchObject({ same: [true, true, true, 'Module'] });
  });

  test.each([
    ['that spoofs exports', 'export function then(resolve) { resolve({ real: 2 }); }'],
    ['that never answers', 'export function then() {}'],
    ['that throws', `export function then() { throw new Error('called'); }`],
  ])('that exports then, %s, is loaded as it is', async (_, source) => {
    const loaded = await loadedFrom(await signedModule(`${source} export const real = 1;`));
    const exports = loaded.kind === 'javascript' ? Object.entries(loaded.exports) : [];
    expect(exports).toEqual([
      ['real', 1],
      ['then', expect.any(Function)],
    ]);
  });

  test('runs as strict module code, with no require', async () => {
    const source = `export const found = [typeof require, typeof module, typeof this];`;
    expect(await exportsOf(await signedModule(source))).toMatchObject({
      found: ['undefined', 'undefined', 'undefined'],
    });
  });
});

describe('an import that no signature covers is refused:', () => {
  const folder = temporaryFileUrl();
  const other = `export const other = 1; ${note('dependency')}`;
  const specifiers: readonly [string, string][] = [
    ['a relative path', './dependency.mjs'],
    ['a parent path', '../dependency.mjs'],
    ['an absolute path', '/tmp/dependency.mjs'],
    ['a bare name', 'kysely'],
    ['a part of a built-in that has none', 'fs/no-such-part'],
    ['a built-in that has its scheme only', 'sqlite'],
    ['an upper-case scheme', 'NODE:fs'],
    ['an import map name', '#crypto/aead'],
    ['a file URL', folder],
    ['a data URL', `data:text/javascript,${encodeURIComponent(other)}`],
    ['a web URL', 'https://example.com/dependency.mjs'],
    ['a blob URL', 'blob:nodedata:00000000-0000-0000-0000-000000000000'],
    ['a package that was verified itself', `hanaper:${sha256(other)}`],
    ['nothing', ''],
  ];

  test.each(specifiers)('%s, by statement', async (_, specifier) => {
    await exportsOf(await signedModule(other));
    ran.length = 0;
    const path = await signedModule(`${note('importer')} import ${JSON.stringify(specifier)};`);
    const { details } = await expectCode('unverified_import', () => exportsOf(path));
    expect(details).toMatchObject({ specifier });
    expect(ran).toEqual([]);
  });

  test.each(specifiers)('%s, by an export from it', async (_, specifier) => {
    const path = await signedModule(`export * from ${JSON.stringify(specifier)};`);
    await expectCode('unverified_import', () => exportsOf(path));
  });

  test.each(specifiers)('%s, by a call while it runs', async (_, specifier) => {
    const path = await signedModule(`await import(${JSON.stringify(specifier)});`);
    await expectCode('unverified_import', () => exportsOf(path));
    expect(ran).toEqual([]);
  });

  test.each(specifiers)('%s, by a call later', async (_, specifier) => {
    const exports = await exportsOf(
      await signedModule(`export const later = () => import(${JSON.stringify(specifier)});`),
    );
    const { later } = exports;
    await expectCode('unverified_import', () => (typeof later === 'function' ? later() : undefined));
  });

  test('by itself, under its own URL', async () => {
    await expectCode('unverified_import', async () => exportsOf(await signedModule('await import(import.meta.url);')));
  });

  test('with attributes', async () => {
    const path = await signedModule(`import data from './data.json' with { type: 'json' };`);
    await expectCode('unverified_import', () => exportsOf(path));
  });

  test('and is refused again when it is loaded again', async () => {
    const path = await signedModule(`import './again.mjs';`);
    await expectCode('unverified_import', () => exportsOf(path));
    await expectCode('unverified_import', () => exportsOf(path));
  });

  test('and Node’s own module is refused where it does not exist', async () => {
    const path = await signedModule(`import 'node:no-such-module';`);
    await expectCode('bad_input', () => exportsOf(path));
  });
});

function temporaryFileUrl(): string {
  return pathToFileURL(join(import.meta.dirname, '..', 'support', 'vectors.ts')).href;
}

describe('a module that is refused never runs:', () => {
  const source = (what: string) => `${note(what)} export const answer = 1; // ${what}`;
  test.each<[ErrorCode, (what: string) => Promise<string>]>([
    ['signature_not_found', async (what) => temporaryFile('plugin.mjs', source(what))],
    ['untrusted_signer', (what) => signedModule(source(what), bob)],
    [
      'package_tampered',
      async (what) => {
        const path = await signedModule(source(what));
        writeFileSync(path, `${source(what)}\n`);
        return path;
      },
    ],
    [
      'malformed_signature',
      async (what) => {
        const path = temporaryFile('plugin.mjs', source(what));
        writeFileSync(`${path}.sig`, 'not JSON');
        return path;
      },
    ],
  ])('%s', async (code, make) => {
    const path = await make(code);
    await expectCode(code, () => strictLoader().load(path));
    await expectCode(code, () => strictLoader().read(path));
    expect(ran).toEqual([]);
  });
});

describe('a file that is swapped', () => {
  test('during verification does not run: the verified bytes do', async () => {
    const path = await signedModule(`${note('verified')} export const answer = 'verified';`);
    const swapping: TrustSource = {
      trustFor: async (query) => {
        writeFileSync(path, `${note('swapped')} export const answer = 'swapped';`);
        return trust.trustFor(query);
      },
    };
    expect(await strictLoader(swapping).load(path)).toMatchObject({ exports: { answer: 'verified' } });
    expect(ran).toEqual(['verified']);
  });

  test('between reading and running does not run either', async () => {
    const path = await signedModule(`${note('read')} export const answer = 'read';`);
    const verified = await strictLoader().read(path);
    writeFileSync(path, note('swapped'));
    expect(ran).toEqual([]);
    expect(await instantiate(verified)).toMatchObject({ exports: { answer: 'read' } });
    expect(ran).toEqual(['read']);
  });
});

describe('a module that fails is bad input:', () => {
  test.each([
    ['a syntax error', 'export const = 1;'],
    ['an error', `throw new Error('it fails');`],
    ['a text', `throw 'it fails';`],
    ['undefined', 'throw undefined;'],
    ['an object without a text form', 'throw Object.create(null);'],
    ['CommonJS', `module.exports = 1; // ${sha256('a')}`],
  ])('%s', async (_, source) => {
    await expectCode('bad_input', async () => exportsOf(await signedModule(source)));
  });
});

test('a module that is not verified is run under its hash as well, and held to the same imports', async () => {
  const path = join(temporaryFolder(), 'unchecked.mjs');
  writeFileSync(path, `export const url = import.meta.url;`);
  expect(await createLoader().load(path)).toMatchObject({ verification: null, exports: { url: /^hanaper:/ } });
  writeFileSync(join(dirname(path), 'dependency.mjs'), '');
  writeFileSync(path, `import './dependency.mjs';`);
  await expectCode('unverified_import', () => createLoader().load(path));
});

test('imports by other modules go on as before', async () => {
  await exportsOf(await signedModule('export const first = 1;'));
  expect(await failureOf(() => import('./no-such-module.ts' as string))).toMatchObject({ name: 'Error' });
  expect(requireSource<object>('bytes.ts')).toHaveProperty('encodeHex');
});
