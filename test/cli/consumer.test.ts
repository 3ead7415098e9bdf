import { beforeAll, describe, expect, test } from 'vitest';
import { type Cli, createCli, createInitialized } from '../support/cli.ts';

interface Revocation {
  readonly revoked_at: string;
  readonly reason: string | null;
}

describe('on the machine of a consumer', () => {
  let signer: Cli;
  let consumer: Cli;
  let authority: string;

  beforeAll(async () => {
    signer = await createInitialized();
    ({ did: authority } = await signer.done<{ did: string }>('status'));
    signer.write('plugin', 'to be shipped');
    for (const key of ['lost', 'retired']) {
      await signer.done('key', 'create', key);
      signer.write(key, `signed by ${key}`);
      await signer.done('package', 'sign', key, '--key', key);
    }
    await signer.done('package', 'sign', 'plugin', '--key', 'release');
    await signer.done('key', 'export', 'release', '--output', 'release.pem');
    await signer.done('key', 'revoke', 'lost');
    await signer.done('key', 'revoke', 'retired', '--reason', 'superseded', '--effective', '2026-01-31T12:00:00Z');
    await signer.done('trust', 'export', '--output', 'acme.trust');
    consumer = await createCli();
    const shipped = ['plugin', 'plugin.sig', 'lost', 'lost.sig', 'retired', 'retired.sig', 'release.pem', 'acme.trust'];
    for (const name of shipped) consumer.write(name, signer.read(name));
  }, 60_000);

  test.each(['verify', 'load'])('package %s without a database says what to give', async (verb) => {
    const refusal = await consumer.refusesBoth('usage', 'package', verb, 'plugin');
    for (const flag of ['--trust-key', '--trust-bundle', '--db']) expect(refusal.message).toContain(flag);
    const named = await consumer.refuses('usage', 'package', verb, 'plugin', '--org', 'acme');
    expect(named.message).toContain('--trust-key');
  });

  test('a database that is named and not there is not_initialized', async () => {
    await consumer.refusesBoth('not_initialized', 'package', 'verify', 'plugin', '--db', 'sqlite:none.db');
    const configured = consumer.with({ env: { HANAPER_DB: 'sqlite:none.db' } });
    await configured.refuses('not_initialized', 'package', 'verify', 'plugin');
  });

  test('the organisation whose trust decided is named: of a database, of a bundle; bare keys have none', async () => {
    const bundle = ['--trust-bundle', 'acme.trust', '--authority', authority];
    for (const [cli, ...args] of [[signer], [consumer, ...bundle]] as const) {
      expect(await cli.done('package', 'verify', 'plugin', ...args)).toMatchObject({
        organisation: expect.stringMatching(/^did:key:/),
        organisation_name: 'acme',
      });
      expect(await cli.says('package', 'verify', 'plugin', ...args)).toMatch(/^ {2}trust {3}acme \(did:key:/m);
    }
    const keys = ['--trust-key', 'release.pem'];
    expect(await consumer.done('package', 'verify', 'plugin', ...keys)).toMatchObject({ organisation_name: null });
    expect(await consumer.says('package', 'verify', 'plugin', ...keys)).toContain('the keys of --trust-key');
  });

  test.each([
    ['lost', null],
    ['retired', 'superseded'],
  ])('the revoked key %s is told as revoked: when, why, and by whose trust', async (file, reason) => {
    const bundle = ['--trust-bundle', 'acme.trust', '--authority', authority];
    for (const [cli, ...args] of [[signer], [consumer, ...bundle]] as const) {
      const { message, details } = await cli.refuses('untrusted_signer', 'package', 'verify', file, ...args);
      const { revoked_at, reason: why } = details['revocation'] as Revocation;
      expect(why).toBe(reason);
      expect(message).toContain(
        `was revoked at ${revoked_at} ${reason === null ? 'without a reason' : 'as superseded'}`,
      );
      expect(message).toContain('acme');
      expect(details).toMatchObject({ trusted_by_name: 'acme' });
    }
  });
});
