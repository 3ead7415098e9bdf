import { beforeAll, describe, expect, test } from 'vitest';
import { type Cli, createInitialized } from '../support/cli.ts';

describe('hanaper package verify --source', () => {
  let cli: Cli;

  beforeAll(async () => {
    cli = await createInitialized();
    cli.write('plugin', 'to be shipped');
    await cli.done('package', 'sign', 'plugin', '--key', 'release', '--store');
    cli.write('plugin.sig', 'not a signature');
  });

  test('says that the file beside counts for nothing where a stored signature was accepted', async () => {
    expect(await cli.done('package', 'verify', 'plugin')).toMatchObject({
      signer_name: 'release',
      signature_problem: { code: 'malformed_signature' },
    });
    const { stderr } = await cli.run('package', 'verify', 'plugin');
    expect(stderr).toContain('malformed_signature');
  });

  test('refuses the package for that file with file-first, and does not look at it with database', async () => {
    await cli.refuses('malformed_signature', 'package', 'verify', 'plugin', '--source', 'file-first');
    const found = await cli.done('package', 'verify', 'plugin', '--source', 'database');
    expect(found).not.toHaveProperty('signature_problem');
  });

  test('loads a package by the same rule', async () => {
    cli.write('plugin.mjs', 'export {};');
    cli.write('plugin.mjs.sig', 'not a signature');
    await cli.refuses('malformed_signature', 'package', 'load', 'plugin.mjs', '--source', 'file-first');
    await cli.refuses('signature_not_found', 'package', 'load', 'plugin.mjs', '--source', 'database');
  });

  test.each([
    ['another source', ['--source', 'elsewhere']],
    ['a named file beside it', ['--source', 'database', '--signature', 'plugin.sig']],
    ['bare keys beside it', ['--source', 'database', '--trust-key', 'release.pem']],
  ])('refuses %s', async (_, options) => {
    await cli.refuses('usage', 'package', 'verify', 'plugin', ...options);
  });

  test('refuses a source beside --unsigned', async () => {
    await cli.refuses('usage', 'package', 'load', 'plugin', '--unsigned', '--source', 'database');
  });
});
