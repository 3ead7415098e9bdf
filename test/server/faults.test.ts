import { existsSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { byPassphrase, initialize, passphrase, query } from '../support/authority.ts';
import { createCli, executable } from '../support/cli.ts';
import { createTempFolder } from '../support/engines.ts';
import { ask, expectProblem, serve, whenReady } from '../support/server.ts';

const json = { method: 'passphrase', passphrase };
const endings = ['', '-wal', '-shm'];

async function createDatabase(): Promise<{ url: string; path: string }> {
  const path = join(await createTempFolder(), 'hanaper.db');
  await initialize(`sqlite:${path}`);
  return { path, url: `sqlite:${path}` };
}

function move(from: string, to: string): void {
  for (const ending of endings) {
    rmSync(to + ending, { force: true });
    if (existsSync(from + ending)) renameSync(from + ending, to + ending);
  }
}

test('a database file that was taken away is unavailable, and is there again once it is put back', async () => {
  const { path, url } = await createDatabase();
  const server = await serve(url, { credential: byPassphrase() });
  move(path, `${path}.away`);
  expectProblem('unavailable', await ask(server.url, '/api/crypto/unlock', { json }), 503);
  expectProblem('unavailable', await ask(server.url, '/api/crypto/status'), 503);
  expect((await ask(server.url, '/healthz')).status).toBe(200);
  expect(existsSync(path)).toBe(false);
  move(`${path}.away`, path);
  const back = await ask(server.url, '/api/crypto/unlock', { json });
  expect(back.status, back.text).toBe(200);
});

test('another database in the place of the one that was opened is neither read nor written', async () => {
  const { path, url } = await createDatabase();
  const other = await createDatabase();
  const server = await serve(url, { credential: byPassphrase() });
  move(other.path, path);
  expectProblem('unavailable', await ask(server.url, '/api/crypto/unlock', { json }), 503);
  expectProblem('unavailable', await ask(server.url, '/api/crypto/status'), 503);
  expect(server.requests.map(({ status }) => status)).toEqual([503, 503]);
});

test('a full disk is unavailable to writers, loses nothing, and the process stays up', async () => {
  const { path, url } = await createDatabase();
  const cli = (await createCli(url)).with({ env: { HANAPER_PASSPHRASE_FILE: '' } });
  // No file may grow beyond a little more than it has.
  const blocks = Math.ceil(statSync(path).size / 1024) + 64;
  const command = `ulimit -f ${blocks}; exec '${process.execPath}' '${executable}' serve --listen 127.0.0.1:0 --metrics off`;
  const child = cli.startProgram('bash', '-c', command);
  onTestFinished(() => void child.kill('SIGKILL'));
  const { ready, finished } = await whenReady(child);
  const server = String(ready['url']);
  const unlock = () => ask(server, '/api/crypto/unlock', { json });
  let done = 0;
  let answered = await unlock();
  for (; answered.status === 200 && done < 200; done++) answered = await unlock();
  expectProblem('unavailable', answered, 503);
  expect(answered.text).not.toContain(path);
  expect((await ask(server, '/healthz')).status).toBe(200);
  expect((await ask(server, '/api/crypto/status')).json).toMatchObject({ integrity_verified: true });
  child.kill('SIGTERM');
  expect((await finished).status).toBe(0);
  const invocations = await query(url, "select cid from ucan_invocations where cmd = '/database/unlock'");
  expect(invocations).toHaveLength(done);
  expect((await cli.run('validate')).status).toBe(0);
});
