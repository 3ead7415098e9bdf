import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readConfigFile } from '../src/config-file.ts';
import { expectCode } from './support/codes.ts';
import { temporaryFile, temporaryFolder } from './support/fixtures.ts';

const secret = 'quixotic-marmalade';

describe('readConfigFile', () => {
  test('reads an empty object, and objects with some of the keys', () => {
    for (const content of [{}, { crypto: {} }, { security: { require_signatures: false } }, { db: 'sqlite:x' }]) {
      expect(readConfigFile(temporaryFile('config.json', JSON.stringify(content)))).toEqual(content);
    }
  });

  test.each([
    ['is empty', ''],
    ['is not JSON', '{ db: "sqlite:x" }'],
    ['has a comment', '{} // comment'],
    ['is cut short', '{"db": "sqlite:x"'],
    ['is null', 'null'],
    ['is an array', '[]'],
    ['is a string', '"sqlite:x"'],
    ['has an unknown key', '{"database": "sqlite:x"}'],
    ['has an unknown key below', '{"security": {"requireSignatures": true}}'],
    ['has a number for a text', '{"db": 7}'],
    ['has null for a text', '{"db": null}'],
    ['has a text for a switch', '{"security": {"require_signatures": "true"}}'],
    ['has a text for an object', '{"crypto": "raw"}'],
    ['has another method', '{"crypto": {"method": "pin"}}'],
    ['has another level', '{"crypto": {"security_level": "paranoid"}}'],
    [
      'has numbers that are no whole ones',
      '{"crypto": {"custom_params": {"memory_kib": 1.5, "passes": 2, "lanes": 1}}}',
    ],
    ['has numbers that are not positive', '{"crypto": {"custom_params": {"memory_kib": -1, "passes": 2, "lanes": 1}}}'],
    ['has some of the numbers', '{"crypto": {"custom_params": {"memory_kib": 65536}}}'],
    ['has no port for the metrics', '{"server": {"metrics": 65536}}'],
    ['has another word for the metrics', '{"server": {"metrics": "none"}}'],
    ['has a text for the names of the server', '{"server": {"hosts": "hanaper.example"}}'],
    ['has numbers as texts', '{"crypto": {"custom_params": {"memory_kib": "65536", "passes": 2, "lanes": 1}}}'],
  ])('refuses a file that %s', async (_, content) => {
    const path = temporaryFile('config.json', content);
    const { details } = await expectCode('bad_config', () => readConfigFile(path));
    expect(details).toMatchObject({ path, reason: expect.any(String) });
  });

  test.each([
    ['passphrase', { passphrase: secret }],
    ['PASSWORD', { crypto: { PASSWORD: secret } }],
    ['master_secret', { security: { master_secret: secret } }],
    ['privateKey', { privateKey: { pem: secret } }],
    ['seed', { crypto: { seed: secret } }],
    ['api_token', { list: [{ api_token: secret }] }],
    ['a URL with a password', { db: `postgres://user:${secret}@localhost/hanaper` }],
    ['a URL with a password in its query', { db: `postgres://user@localhost/hanaper?password=${secret}` }],
    ['a URL with a password and no host', { db: `postgres://user:${secret}@/hanaper?host=/run/postgresql` }],
  ])('refuses a secret (%s) without repeating it', async (_, content) => {
    const path = temporaryFile('config.json', JSON.stringify(content));
    const { message, details } = await expectCode('bad_config', () => readConfigFile(path));
    expect(message + JSON.stringify(details)).not.toContain(secret);
  });

  test('repeats nothing of a file that is not JSON, which may be anything', async () => {
    const path = temporaryFile('config.json', `passphrase=${secret}`);
    const { message, details } = await expectCode('bad_config', () => readConfigFile(path));
    expect(message + JSON.stringify(details)).not.toContain(secret);
  });

  test('refuses a folder, and a file that is not there', async () => {
    const folder = temporaryFolder();
    await expectCode('bad_config', () => readConfigFile(folder));
    await expectCode('bad_config', () => readConfigFile(join(folder, 'missing.json')));
  });

  test('lets the method be called what it is', () => {
    const content = { crypto: { method: 'passphrase' }, db: 'postgres://user@localhost/hanaper' };
    expect(readConfigFile(temporaryFile('config.json', JSON.stringify(content)))).toEqual(content);
  });
});
