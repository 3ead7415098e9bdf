import { describe, expect, test } from 'vitest';
import { createKey, revokeKey } from '../../src/authority/index.ts';
import { initialize, openUnlocked, passphrase } from '../support/authority.ts';
import { createCli } from '../support/cli.ts';
import { engines } from '../support/engines.ts';
import { ask, expectProblem, startProcess } from '../support/server.ts';
import { keepRows } from '../support/tables.ts';

describe.each(engines)('$name', (engine) => {
  test('a server beneath which an old copy is put locks itself, signs nothing and says so everywhere', async () => {
    const url = await engine.createUrl();
    await initialize(url);
    const change = async (act: 'create' | 'revoke') => {
      await using authority = await openUnlocked(url);
      if (act === 'create') await authority.executeFor('acme', createKey, { name: 'release' });
      else await authority.executeFor('acme', revokeKey, { name: 'release' });
    };
    await change('create');
    const putBack = await keepRows(url);
    await change('revoke');
    const env = { HANAPER_PASSPHRASE_FILE: '' };
    const server = await startProcess((await createCli(url)).with({ env }), '--public-log');
    const unlock = () => ask(server.url, '/api/crypto/unlock', { json: { method: 'passphrase', passphrase } });
    expect((await unlock()).status).toBe(200);
    const putRight = await keepRows(url, 'right');
    expect((await ask(server.url, '/readyz')).json).toEqual({ ready: true, locked: false });
    await putBack();
    const told = expectProblem('log_rolled_back', await ask(server.url, '/readyz'), 503);
    expect(told.text).not.toContain(url);
    expect((await ask(server.url, '/api/crypto/status')).json['locked']).toBe(true);
    expectProblem('log_rolled_back', await unlock(), 403);
    expectProblem('log_rolled_back', await ask(server.url, '/log/checkpoint'), 403);
    const { text } = await ask(server.metricsUrl, '');
    expect(text).toContain('hanaper_log_rolled_back 1');
    expect(text).toContain('hanaper_locked 1');
    await putRight();
    expect((await ask(server.url, '/readyz')).json).toEqual({ ready: true, locked: true });
    expect((await unlock()).status).toBe(200);
    expect((await ask(server.metricsUrl, '')).text).toContain('hanaper_log_rolled_back 0');
    server.child.kill('SIGTERM');
    expect((await server.finished).status).toBe(0);
  });
});
