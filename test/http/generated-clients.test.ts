import { execFile } from 'node:child_process';
import { cp, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { createKey, exportKey, listKeys } from '../../src/authority/commands/key.ts';
import { setOrganisation, showOrganisation } from '../../src/authority/commands/org.ts';
import { signPackage } from '../../src/authority/commands/package.ts';
import { decodeEntryBundle, openCheckpoint } from '../../src/log/index.ts';
import { decodeContainer, decodeInvocation, encodeContainer, readReceipt, verifyToken } from '../../src/ucan/index.ts';
import type { AfterCommit, Given } from '../generated-clients/programs/told.ts';
import { readLogVerifier } from '../support/checkpoints.ts';
import { createTempFolder, engines } from '../support/engines.ts';
import { type Asking, createPlace, type Place } from '../support/place.ts';
import { ask, serve, type TestServer } from '../support/server.ts';
import { containerOf } from '../support/tokens.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));
const sources = join(root, 'test/generated-clients');

const strict = { strict: true, noUncheckedIndexedAccess: true, noImplicitReturns: true, noImplicitOverride: true };
// What @hey-api/openapi-ts writes does not itself bear exactOptionalPropertyTypes.
const clients = [
  {
    generator: 'openapi-typescript',
    program: 'by-openapi-fetch',
    options: { exactOptionalPropertyTypes: true },
    wrong: `import type { components } from './types.ts';
export const code: components['schemas']['Problem']['code'] = 'nobody';`,
  },
  {
    generator: '@hey-api/openapi-ts',
    program: 'by-hey-api',
    options: {},
    wrong: `import type { Problem } from './sdk/index.ts';
export const code: Problem['code'] = 'nobody';`,
  },
] as const;
type Client = (typeof clients)[number];

/** A folder with both clients of what a server says of itself, and the programs that use them. */
async function generateClients({ url }: TestServer): Promise<string> {
  const folder = await createTempFolder();
  await cp(join(sources, 'programs'), folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }\n');
  await mkdir(join(folder, 'node_modules'));
  await symlink(join(root, 'node_modules/openapi-fetch'), join(folder, 'node_modules/openapi-fetch'), 'dir');
  const document = join(folder, 'openapi.json');
  await writeFile(document, (await ask(url, '/openapi.json')).text);
  await run(process.execPath, [join(sources, 'generate.ts'), document, folder]);
  return folder;
}

async function findTypeErrors(folder: string, file: string, { options }: Client): Promise<string> {
  const compilerOptions = {
    ...strict,
    ...options,
    target: 'ESNext',
    lib: ['ESNext', 'DOM', 'DOM.Iterable'],
    module: 'NodeNext',
    types: ['node'],
    typeRoots: [join(root, 'node_modules/@types')],
    allowImportingTsExtensions: true,
    skipLibCheck: true,
    noEmit: true,
  };
  const project = join(folder, `${file}.json`);
  await writeFile(project, JSON.stringify({ compilerOptions, files: [`${file}.ts`] }));
  const compiler = join(root, 'node_modules/typescript/bin/tsc');
  return run(process.execPath, [compiler, '-p', project]).then(
    () => '',
    ({ stdout, message }: { stdout?: string; message: string }) => stdout || message,
  );
}

async function prepare(place: Place, name: string): Promise<Given> {
  const { authority, server } = place;
  const wasm = { hash: 'ab'.repeat(32), name: 'plugin.wasm' };
  await authority.executeFor('acme', createKey, { name: 'release' });
  const { signature } = await authority.executeFor('acme', signPackage, { ...wasm, key: 'release' });
  await authority.executeFor('acme', setOrganisation, { public_verification: 'on' });
  await authority.checkpoint();
  const sign = async (asking: Asking) => containerOf((await place.sign(asking)).tokens);
  const { tokens } = await place.sign({ command: createKey, args: { name: 'by-invocation' } });
  const bytes = tokens.map((token) => token.bytes);
  return {
    url: server.url,
    show: await sign({ command: showOrganisation }),
    create: await sign({ command: createKey, args: { name } }),
    createAgain: await sign({ command: createKey, args: { name } }),
    listKeys: await sign({ command: listKeys }),
    exportUnknown: await sign({ command: exportKey, args: { name: 'nobody' } }),
    invoke: Buffer.from(await encodeContainer(bytes, 'raw')).toString('base64'),
    query: { ...wasm, organisation: 'acme', signatures: [{ ...signature }] },
  };
}

async function runProgram(folder: string, { program }: Client, given: Given): Promise<AfterCommit> {
  const { stdout } = await run(process.execPath, [join(folder, `${program}.ts`), JSON.stringify(given)]);
  return JSON.parse(stdout) as AfterCommit;
}

function bytesOf(base64: string): Uint8Array {
  return new Uint8Array(Buffer.from(base64, 'base64'));
}

/** Expects bytes to be a container with the receipt of the invocation that was sent, by the authority. */
async function expectReceipt({ authority }: Place, bytes: Uint8Array): Promise<void> {
  const [token = new Uint8Array()] = await decodeContainer(bytes);
  const { invocation, executor, out } = readReceipt(decodeInvocation(token));
  await verifyToken(invocation);
  expect(executor).toBe(authority.identity.did);
  expect(out).toMatchObject({ ok: { name: 'by-invocation' } });
}

describe.each(engines)('on $name', (engine) => {
  test.each(clients)(
    'a client by $generator compiles under strict and has what a server answers, errors and bytes included',
    async (client) => {
      const place = await createPlace(engine, { publicLog: true });
      const folder = await generateClients(place.server);
      expect(await findTypeErrors(folder, client.program, client)).toBe('');
      const told = await runProgram(folder, client, await prepare(place, client.program));
      const { keys } = await place.authority.executeFor('acme', listKeys, {});
      const fingerprintOf = (name: string) => keys.find((key) => key.name === name)?.fingerprint;
      const { receipt } = told.created;
      expect(told).toMatchObject({
        shown: { name: 'acme', did: await place.didOf('acme') },
        created: { fingerprint: fingerprintOf(client.program), receipt: expect.stringMatching(/^z\w+$/) },
        verified: { verified: true, signer: fingerprintOf('release') },
        refusals: [
          { status: 403, code: 'not_authorized', about: 'another request', receipt: null },
          { status: 404, code: 'not_found', about: 'signing key', receipt: null },
          { status: 400, code: 'bad_input', about: 'name', receipt: null },
          { status: 409, code: 'already_exists', receipt: expect.stringMatching(/^z\w+$/) },
        ],
      });
      expect(told.refusals[3]?.receipt).not.toBe(receipt);
      const proof = JSON.parse(Buffer.from(told.proof ?? '', 'base64url').toString());
      expect(told.created.index).toBe(String(proof.index));
      await expectReceipt(place, bytesOf(told.receipt));
      const checkpoint = await openCheckpoint(Buffer.from(told.checkpoint), await readLogVerifier(place.authority));
      expect(decodeEntryBundle(bytesOf(told.bundle), checkpoint.size)).toHaveLength(checkpoint.size);
    },
  );
});

test.each(clients)('a code that no error has does not compile in a client by $generator', async (client) => {
  const folder = await generateClients(await serve(await (engines[0]?.createUrl() ?? '')));
  await writeFile(join(folder, 'wrong.ts'), client.wrong);
  expect(await findTypeErrors(folder, 'wrong', client)).toMatch(/^\S*wrong\.ts\(2,14\): error TS2322/);
});
