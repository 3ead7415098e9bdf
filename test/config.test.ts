import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeEach, describe, expect, test } from 'vitest';
import { type Environment, loadConfig } from '../src/config.ts';
import { expectCode } from './support/codes.ts';
import { temporaryFolder } from './support/fixtures.ts';

const did = 'did:key:z6Mkhf4x1kzazmdk3fRW1UyXKH2e1xNF54tfEUF7VmTWQpNW';
const file = {
  db: 'sqlite:file.db',
  crypto: {
    method: 'raw',
    security_level: 'sensitive',
    custom_params: { memory_kib: 32768, passes: 3, lanes: 2 },
  },
  security: { require_signatures: true, verification_org: 'file-org', authority: 'did:key:file' },
};

let home: string;
let environment: Environment;

beforeEach(() => {
  home = temporaryFolder();
  environment = { HOME: home };
});

function writeConfig(content: unknown, path = join(home, '.config/hanaper/config.json')): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, JSON.stringify(content));
  return path;
}

describe('loadConfig', () => {
  test('has a default for everything', async () => {
    expect(await loadConfig({}, environment)).toEqual({
      db: `sqlite:${home}/.local/share/hanaper/hanaper.db`,
      crypto: { method: 'passphrase', securityLevel: 'balanced' },
      security: { requireSignatures: false },
      server: { listen: '127.0.0.1:7373', hosts: [], behindProxy: false, metrics: 7374, publicLog: false },
      stateFolder: `${home}/.local/state/hanaper`,
    });
  });

  test('takes the durability of PostgreSQL into its URL, from flag, variable or file', async () => {
    const db = 'postgres://host/name';
    writeConfig({ db, durability: 'server' });
    const read = async (overrides: object, more: Environment = {}) =>
      (await loadConfig(overrides, { ...environment, ...more })).db;
    expect(await read({})).toBe(`${db}?durability=server`);
    expect(await read({}, { HANAPER_DURABILITY: 'full' })).toBe(`${db}?durability=full`);
    expect(await read({ durability: 'server' }, { HANAPER_DURABILITY: 'full' })).toBe(`${db}?durability=server`);
    expect(await read({ db: 'sqlite:x.db' })).toBe('sqlite:x.db');
    await expectCode('usage', () => read({ durability: 'none' }));
    await expectCode('bad_config', () => read({}, { HANAPER_DURABILITY: 'none' }));
  });

  test('reads every key of the file', async () => {
    writeConfig(file);
    expect(await loadConfig({}, environment)).toMatchObject({
      db: 'sqlite:file.db',
      crypto: {
        method: 'raw',
        securityLevel: 'sensitive',
        customParams: { memoryKib: 32768, passes: 3, lanes: 2 },
      },
      security: { requireSignatures: true, verificationOrg: 'file-org', authority: 'did:key:file' },
    });
  });

  test('lets the environment outweigh the file, and flags both', async () => {
    writeConfig(file);
    const variables = {
      ...environment,
      HANAPER_DB: 'sqlite:variable.db',
      HANAPER_ORG: 'variable-org',
      HANAPER_AUTHORITY: did,
      HANAPER_SLOT: 'derived',
      HANAPER_SECURITY: 'interactive',
      HANAPER_REQUIRE_SIGNATURES: 'false',
    };
    expect(await loadConfig({}, variables)).toMatchObject({
      db: 'sqlite:variable.db',
      crypto: { method: 'derived', securityLevel: 'interactive' },
      security: { requireSignatures: false, verificationOrg: 'variable-org', authority: did },
    });
    const flags = { db: 'sqlite:flag.db', org: 'flag-org', authority: 'did:key:flag' };
    expect(await loadConfig(flags, variables)).toMatchObject({
      db: 'sqlite:flag.db',
      security: { verificationOrg: 'flag-org', authority: 'did:key:flag' },
    });
  });

  test('reads how a server listens from the file, and from the environment over it', async () => {
    const tls = { tls_cert: 'file.pem', tls_key: 'file-key.pem' };
    writeConfig({
      server: { listen: '[::1]:1', socket: 'file.sock', hosts: ['a', 'b'], behind_proxy: true, ...tls, metrics: 'off' },
    });
    expect((await loadConfig({}, environment)).server).toEqual({
      listen: '[::1]:1',
      socket: 'file.sock',
      hosts: ['a', 'b'],
      behindProxy: true,
      tlsCert: 'file.pem',
      tlsKey: 'file-key.pem',
      metrics: 'off',
      publicLog: false,
    });
    const variables = {
      HANAPER_LISTEN: '127.0.0.1:2',
      HANAPER_HOSTS: 'c,d:3',
      HANAPER_BEHIND_PROXY: 'false',
      HANAPER_TLS_CERT: 'variable.pem',
      HANAPER_TLS_KEY: 'variable-key.pem',
      HANAPER_METRICS: '9000',
    };
    // An address from the environment takes the place of a socket from the file.
    const expected = {
      listen: '127.0.0.1:2',
      hosts: ['c', 'd:3'],
      behindProxy: false,
      tlsCert: 'variable.pem',
      tlsKey: 'variable-key.pem',
    };
    expect((await loadConfig({}, { ...environment, ...variables })).server).toEqual({
      ...expected,
      metrics: 9000,
      publicLog: false,
    });
    const withSocket = { ...environment, ...variables, HANAPER_SOCKET: 'variable.sock' };
    expect((await loadConfig({}, withSocket)).server.socket).toBe('variable.sock');
  });

  test.each(['many', '-1', '65536', '7374.5', 'OFF'])('refuses %s for the port of the metrics', async (port) => {
    await expectCode('bad_config', () => loadConfig({}, { ...environment, HANAPER_METRICS: port }));
  });

  test('lets a level of the environment outweigh the numbers of the file', async () => {
    writeConfig(file);
    const { crypto } = await loadConfig({}, { ...environment, HANAPER_SECURITY: 'sensitive' });
    expect(crypto).toEqual({ method: 'raw', securityLevel: 'sensitive' });
  });

  test('counts empty variables as not set', async () => {
    const path = writeConfig(file);
    const names = ['DB', 'ORG', 'AUTHORITY', 'SLOT', 'SECURITY', 'REQUIRE_SIGNATURES', 'CONFIG'];
    const empty = Object.fromEntries(names.map((name) => [`HANAPER_${name}`, '']));
    const folders = { XDG_CONFIG_HOME: '', XDG_DATA_HOME: '', XDG_STATE_HOME: '' };
    const config = await loadConfig({}, { ...environment, ...empty, ...folders });
    expect(config).toEqual(await loadConfig({}, { ...environment, HANAPER_CONFIG: path }));
    expect(config.db).toBe('sqlite:file.db');
  });

  test('finds its folders where XDG variables say, each with a folder of its own name', async () => {
    writeConfig({ security: { verification_org: 'xdg' } }, join(home, 'c/hanaper/config.json'));
    const folders = { XDG_CONFIG_HOME: `${home}/c`, XDG_DATA_HOME: `${home}/d`, XDG_STATE_HOME: `${home}/s` };
    expect(await loadConfig({}, { ...environment, ...folders })).toMatchObject({
      db: `sqlite:${home}/d/hanaper/hanaper.db`,
      security: { verificationOrg: 'xdg' },
      stateFolder: `${home}/s/hanaper`,
    });
  });

  test('asks the system for the home folder where HOME does not say', async () => {
    expect((await loadConfig({}, { XDG_CONFIG_HOME: home })).stateFolder).toBe(join(homedir(), '.local/state/hanaper'));
  });

  test('reads the file of HANAPER_CONFIG in place of the usual one', async () => {
    writeConfig({ db: 'sqlite:usual.db' });
    const path = writeConfig({ security: { verification_org: 'special' } }, join(home, 'special.json'));
    expect(await loadConfig({}, { ...environment, HANAPER_CONFIG: path })).toMatchObject({
      db: `sqlite:${home}/.local/share/hanaper/hanaper.db`,
      security: { verificationOrg: 'special' },
    });
  });

  test('refuses a file that HANAPER_CONFIG names and that is not there', async () => {
    const missing = { ...environment, HANAPER_CONFIG: join(home, 'missing.json') };
    await expectCode('bad_config', () => loadConfig({}, missing));
  });

  test.each([
    ['HANAPER_SLOT', 'password'],
    ['HANAPER_SLOT', 'Raw'],
    ['HANAPER_SECURITY', 'paranoid'],
    ['HANAPER_REQUIRE_SIGNATURES', '1'],
    ['HANAPER_REQUIRE_SIGNATURES', 'yes'],
    ['HANAPER_REQUIRE_SIGNATURES', 'FALSE'],
  ])('refuses %s=%s', async (variable, value) => {
    const { details } = await expectCode('bad_config', () => loadConfig({}, { ...environment, [variable]: value }));
    expect(details).toEqual({ variable });
  });
});

describe('a server to ask', () => {
  const as = 'did:key:profile';
  const profiles = {
    ci: { server: 'https://profile', as: 'keys/ci.pem', proofs: ['a', '/b'], org: 'profile-org', authority: as },
    bare: { server: 'https://bare' },
  };

  test('is absent where nothing names one', async () => {
    writeConfig({ profiles });
    expect(await loadConfig({}, environment)).not.toHaveProperty('remote');
    // A key and proofs alone name no server.
    expect(await loadConfig({ proofs: ['a'] }, { ...environment, HANAPER_AS: 'b' })).not.toHaveProperty('remote');
  });

  test('comes with all else from a profile, whose files lie beside the configuration', async () => {
    const folder = dirname(writeConfig({ ...file, profiles }));
    const { remote, security } = await loadConfig({ profile: 'ci' }, environment);
    expect(remote).toEqual({
      server: 'https://profile',
      as: join(folder, 'keys/ci.pem'),
      proofs: [join(folder, 'a'), '/b'],
    });
    expect(security).toMatchObject({ verificationOrg: 'profile-org', authority: as });
    const bare = await loadConfig({}, { ...environment, HANAPER_PROFILE: 'bare' });
    expect(bare.remote).toEqual({ server: 'https://bare', proofs: [] });
    expect(bare.security).toMatchObject({ verificationOrg: 'file-org', authority: 'did:key:file' });
  });

  test('is named by flags over the environment over the profile', async () => {
    writeConfig({ profiles });
    const variables = {
      ...environment,
      HANAPER_PROFILE: 'ci',
      HANAPER_SERVER: 'https://variable',
      HANAPER_AS: 'variable.pem',
      HANAPER_ORG: 'variable-org',
    };
    const { remote, security } = await loadConfig({}, variables);
    expect(remote).toMatchObject({ server: 'https://variable', as: 'variable.pem' });
    expect(security).toMatchObject({ verificationOrg: 'variable-org', authority: as });
    const flags = { server: 'https://flag', as: 'flag.pem', proofs: ['flag.ucan'], org: 'flag-org' };
    const flagged = await loadConfig({ ...flags, profile: 'bare' }, variables);
    expect(flagged.remote).toEqual({ server: 'https://flag', as: 'flag.pem', proofs: ['flag.ucan'] });
    expect(flagged.security.verificationOrg).toBe('flag-org');
  });

  test('and a database are not both named by flags; a database in a flag outweighs a server elsewhere', async () => {
    writeConfig({ profiles });
    const db = 'sqlite:flag.db';
    await expectCode('usage', () => loadConfig({ db, server: 'https://flag' }, environment));
    await expectCode('usage', () => loadConfig({ db, profile: 'ci' }, environment));
    const variables = { ...environment, HANAPER_SERVER: 'https://variable', HANAPER_PROFILE: 'ci' };
    expect(await loadConfig({ db }, variables)).not.toHaveProperty('remote');
    expect(await loadConfig({}, { ...variables, HANAPER_DB: db })).toHaveProperty('remote');
  });

  test.each(['none', '', '__proto__', 'constructor'])(
    'by a profile that there is not is bad_config: "%s"',
    async (profile) => {
      writeConfig({ profiles });
      await expectCode('bad_config', () => loadConfig({ profile }, environment));
    },
  );
});

// Only the superuser can become a user whom the system does not know; anybody else has a home folder, which is found.
test('a user without a home folder is told so where a folder is needed, and not before', () => {
  const script = fileURLToPath(new URL('./children/homeless.ts', import.meta.url));
  const said = JSON.parse(execFileSync(process.execPath, ['--conditions=source', script], { encoding: 'utf8' }));
  const isUnknown = process.getuid?.() === 0;
  expect(said).toEqual({
    org: 'acme',
    db: isUnknown ? { variable: 'XDG_DATA_HOME', reason: 'no home' } : expect.stringMatching(/^sqlite:\//),
    stateFolder: isUnknown ? { variable: 'XDG_STATE_HOME', reason: 'no home' } : expect.stringMatching(/^\//),
  });
});
