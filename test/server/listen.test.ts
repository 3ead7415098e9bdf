import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { ServerOptions } from '../../src/server.ts';
import { encodeContainer } from '../../src/ucan/index.ts';
import { initialize } from '../support/authority.ts';
import { expectCode } from '../support/codes.ts';
import { createTempFolder } from '../support/engines.ts';
import { eventually } from '../support/eventually.ts';
import { inSeconds } from '../support/place.ts';
import { ask, expectProblem, serve } from '../support/server.ts';
import { invoke, principal } from '../support/ucan.ts';

async function start(changes: Partial<ServerOptions> = {}) {
  const url = `sqlite:${join(await createTempFolder(), 'hanaper.db')}`;
  await initialize(url);
  return serve(url, changes);
}

/** Makes a certificate for `localhost` that nobody but itself vouches for. */
function makeCertificate(folder: string): { certificate: string; key: string } {
  const certificate = join(folder, 'cert.pem');
  const key = join(folder, 'key.pem');
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1', '-days', '2'];
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  execFileSync('openssl', ['req', ...kind, '-keyout', key, '-out', certificate, ...subject], { stdio: 'ignore' });
  return { certificate, key };
}

const everywhere = { kind: 'tcp', host: '0.0.0.0', port: 0 } as const;

test('the hosts that are answered are this machine and those that were named', async () => {
  const server = await start({ hosts: ['Hanaper.Example', 'other.example:8443'] });
  const port = new URL(server.url).port;
  const status = async (host: string) => (await ask(server.url, '/healthz', { headers: { Host: host } })).status;
  for (const host of [`localhost:${port}`, `127.0.0.1:${port}`, `[::1]:${port}`, `LOCALHOST:${port}`]) {
    expect(await status(host), host).toBe(200);
  }
  for (const host of ['hanaper.example', `hanaper.example:${port}`, 'other.example:8443']) {
    expect(await status(host), host).toBe(200);
  }
  for (const host of [
    'localhost',
    'localhost:1',
    `evil.example:${port}`,
    'other.example',
    `localhost:${port}.evil.example`,
  ]) {
    expect(await status(host), host).toBeGreaterThanOrEqual(400);
  }
});

test('another address than loopback needs TLS, or somebody who insists', async () => {
  await expectCode('bad_config', () => start({ address: everywhere }));
  await expectCode('bad_config', () => start({ address: { kind: 'tcp', host: 'hanaper.example', port: 0 } }));
  const insecure = await start({ address: everywhere, insecure: true });
  expect((await ask(insecure.url, '/healthz', { headers: { Host: new URL(insecure.url).host } })).status).toBe(200);
});

test('with a certificate it speaks TLS, and nothing else', async () => {
  const tls = makeCertificate(await createTempFolder());
  const server = await start({ tls, address: everywhere });
  const { port } = new URL(server.url);
  expect(server.url).toMatch(/^https:/);
  const url = `https://localhost:${port}`;
  expect((await ask(url, '/healthz', { ca: readFileSync(tls.certificate, 'utf8') })).status).toBe(200);
  await expect(ask(url, '/healthz')).rejects.toThrow(/self-signed/);
  await expect(ask(`http://localhost:${port}`, '/healthz')).rejects.toThrow();
});

test('a certificate and a key that are not there, or do not belong together, are refused', async () => {
  const folder = await createTempFolder();
  const { certificate } = makeCertificate(folder);
  const other = makeCertificate(await createTempFolder());
  await expectCode('bad_config', () => start({ tls: { certificate, key: join(folder, 'none.pem') } }));
  await expectCode('bad_config', () => start({ tls: { certificate, key: other.key } }));
  await expectCode('bad_config', () => start({ tls: { certificate, key: certificate } }));
});

test('a unix socket is this user alone, counts as this machine, and goes with the server', async () => {
  const path = join(await createTempFolder(), 'hanaper.sock');
  const server = await start({ address: { kind: 'socket', path } });
  expect(server.url).toBe(`unix:${path}`);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect((await ask(server.url, '/healthz', { socketPath: path })).status).toBe(200);
  const json = { passphrase: 'not this one' };
  expectProblem('wrong_passphrase', await ask(server.url, '/api/crypto/unlock', { socketPath: path, json }), 403);
  await server.stop();
  expect(existsSync(path)).toBe(false);
});

test('a socket that a killed server left is taken over; one that answers, and any other file, is not', async () => {
  const folder = await createTempFolder();
  const path = join(folder, 'hanaper.sock');
  // A process that is killed leaves it behind.
  const script = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
  expect(() => execFileSync(process.execPath, ['-e', script], { stdio: 'ignore' })).toThrow();
  expect(statSync(path).isSocket()).toBe(true);
  await start({ address: { kind: 'socket', path } });
  await expectCode('bad_config', () => start({ address: { kind: 'socket', path } }));
  const file = join(folder, 'file');
  writeFileSync(file, 'kept');
  await expectCode('bad_config', () => start({ address: { kind: 'socket', path: file } }));
  expect(readFileSync(file, 'utf8')).toBe('kept');
});

test('a taken port is reported, and nothing of the server is left', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => void taken.close());
  await new Promise((resolve) => taken.once('listening', resolve));
  const address = taken.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  const error = await expectCode('bad_config', () => start({ address: { kind: 'tcp', host: '127.0.0.1', port } }));
  expect(error.message).toContain('something else listens there');
  expect(error.message).toContain('--listen');
  const metrics = await expectCode('bad_config', () => start({ metricsPort: port }));
  expect(metrics.message).toContain('--metrics');
  expect(metrics.message).not.toContain('--listen');
});

test('the metrics have a port of their own, on this machine, under its own names', async () => {
  const server = await start({ metricsPort: 0 });
  const { metricsUrl = '' } = server;
  const { origin } = new URL(metricsUrl);
  await ask(server.url, '/healthz');
  await ask(server.url, '/api/crypto/unlock', { json: { passphrase: 'not this one' } });
  const { text, headers, status } = await ask(metricsUrl, '');
  expect(status).toBe(200);
  expect(headers['content-type']).toContain('text/plain');
  expect(text).toContain('hanaper_http_requests_total{method="GET",route="/healthz",status="200"} 1');
  expect(text).toContain('hanaper_http_requests_total{method="POST",route="/api/crypto/unlock",status="403"} 1');
  expect(text).toMatch(/hanaper_http_request_duration_seconds_bucket\{le="0\.5",method="GET",route="\/healthz"\} 1/);
  expect(text).toContain('hanaper_locked 1');
  expect(text).toContain('process_resident_memory_bytes');
  expect((await ask(server.url, '/metrics')).status).toBe(404);
  expect((await ask(origin, '/healthz')).status).toBe(404);
  expect((await ask(origin, '/metrics', { body: '' })).status).toBe(405);
  expect((await ask(origin, '/metrics', { headers: { Host: 'evil.example' } })).status).toBe(421);
});

const invocationType = { 'Content-Type': 'application/vnd.ucan.container' };

// Of somebody who is nobody here.
async function refusedRequest(): Promise<Uint8Array> {
  const stranger = await principal('stranger');
  const invocation = await invoke(stranger, stranger, [], {
    command: '/org/list',
    args: {},
    expiration: inSeconds(60),
  });
  return encodeContainer([invocation.bytes], 'raw');
}

test('the metrics count what was executed and refused, and whether it is locked', async () => {
  const server = await start({ metricsPort: 0 });
  const json = { passphrase: 'a passphrase for tests' };
  expect((await ask(server.url, '/api/crypto/unlock', { json })).status).toBe(200);
  expect((await ask(server.url, '/api/invoke', { headers: invocationType, body: await refusedRequest() })).status).toBe(
    403,
  );
  const { text } = await ask(server.metricsUrl ?? '', '');
  expect(text).toContain('hanaper_commands_refused_total{command="/org/list",code="subject_mismatch"} 1');
  expect(text).toContain('hanaper_commands_executed_total{command="/database/unlock",code="ok"} 1');
  expect(text).toContain('hanaper_locked 0');
});

test('the metrics tell how far the log has come, and how much of it is under a checkpoint', async () => {
  const server = await start({ metricsPort: 0 });
  const read = async (name: string) => {
    const { text } = await ask(server.metricsUrl ?? '', '');
    return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
  };
  expect(await read('hanaper_log_checkpoint_entries')).toBe(1);
  expect(await read('hanaper_log_entries')).toBe(1);
  const json = { passphrase: 'a passphrase for tests' };
  expect((await ask(server.url, '/api/crypto/unlock', { json })).status).toBe(200);
  expect(await read('hanaper_log_entries')).toBe(2);
  await eventually(async () => (await read('hanaper_log_checkpoint_entries')) === 2);
  expect(await read('hanaper_log_checkpoint_age_seconds')).toBeGreaterThanOrEqual(0);
});

const timeouts = { headers: 300, request: 600, check: 100 };

/** Says something to a server, and gives what comes back until the connection ends. */
function talk(url: string, ...said: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    let heard = '';
    for (const text of said) socket.write(text);
    socket.on('data', (chunk) => {
      heard += chunk.toString();
    });
    onTestFinished(() => void socket.destroy());
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(heard));
  });
}

/** Says the same to a patient server and to one that is not: the second ends it first. Returns what that one answers. */
async function talkToBoth(say: (host: string) => string): Promise<string> {
  const [patient, server] = [await start(), await start({ timeouts })];
  const both = [patient, server].map(async ({ url }) => ({ url, heard: await talk(url, say(new URL(url).host)) }));
  const first = await Promise.race(both);
  expect(first.url).toBe(server.url);
  expect((await ask(server.url, '/healthz')).status).toBe(200);
  return first.heard;
}

test('headers that do not come are cut off', async () => {
  const heard = await talkToBoth(() => 'GET /healthz HTTP/1.1\r\nHost: localhost\r\n');
  expect(heard).toMatch(/^HTTP\/1\.1 408 /);
  expect(heard).toContain('"code":"unavailable"');
});

test('a body that does not come is cut off', async () => {
  const heard = await talkToBoth(
    (host) =>
      `POST /api/crypto/unlock HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\nContent-Length: 90\r\n\r\n{`,
  );
  expect(heard).not.toMatch(/^HTTP\/1\.1 200 /);
});

test('headers that are too long are refused, with a way that takes them', async () => {
  const server = await start();
  const { host } = new URL(server.url);
  const heard = await talk(
    server.url,
    `GET / HTTP/1.1\r\nHost: ${host}\r\nAuthorization: ${'a'.repeat(33_000)}\r\n\r\n`,
  );
  expect(heard).toMatch(/^HTTP\/1\.1 431 /);
  expect(heard).toContain('application/problem+json');
  expect(heard).toContain('/api/invoke');
  expect(heard).not.toContain('aaaa');
});

test('what is no HTTP is refused, and what is no URL', async () => {
  const server = await start();
  const { host } = new URL(server.url);
  expect(await talk(server.url, 'hello\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 [\s\S]*"code":"bad_input"/);
  const noUrl = `GET * HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;
  expect(await talk(server.url, noUrl)).toMatch(/^HTTP\/1\.1 400 [\s\S]*"code":"bad_input"/);
  const noHost = 'GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n';
  expect(await talk(server.url, noHost)).toMatch(/^HTTP\/1\.1 400 /);
  expect((await ask(server.url, '/healthz')).status).toBe(200);
  expect(server.failures).toEqual([]);
});
