import { connect } from 'node:net';
import { describe, expect, test } from 'vitest';
import { type Authority, createKey, revokeKey } from '../../src/authority/index.ts';
import type { ErrorCode } from '../../src/errors.ts';
import { statuses } from '../../src/http/request/statuses.ts';
import { decodeInvocation, unpackTokens, verifyToken } from '../../src/ucan/index.ts';
import { type Receipt, readReceipt } from '../../src/ucan/token/receipt.ts';
import { byRawKey, createAuthority, query } from '../support/authority.ts';
import { engines } from '../support/engines.ts';
import { eventually } from '../support/eventually.ts';
import { expectWholeLog } from '../support/log.ts';
import { createOutsider, empower, type Outsider, type Signed } from '../support/outsider.ts';
import { type Answered, ask, expectProblem, serve, type TestServer } from '../support/server.ts';
import { cidOf, containerOf, revoke, twinOf } from '../support/tokens.ts';
import { now, principal } from '../support/ucan.ts';

const hash = 'ab'.repeat(32);
const type = 'application/vnd.ucan.container';
const sign = {
  command: '/package/sign',
  args: { hash, name: 'a.wasm', key: 'release', store: true },
  expiration: now + 60,
};

describe.each(engines)('$name', (engine) => {
  test('after a lost answer the same invocation gives the stored receipt', async () => {
    await using world = await open();
    const { url, server, outsider } = world;
    const signed = await outsider.signFor(sign);
    await sendAndLeave(server.url, signed);
    await eventually(async () => (await storedReceipt(url, signed)) !== undefined);
    const again = await expectReplay(world, signed);
    expect(again.headers['hanaper-receipt']).toBe(await storedReceipt(url, signed));
    expect(await query(url, 'select id from package_signatures')).toHaveLength(1);
  });

  test('so it does as often as it is asked, in any encoding, with its proofs or without', async () => {
    await using world = await open();
    const { outsider, server, url } = world;
    const signed = await outsider.signFor(sign);
    const first = await post(server, signed);
    expect(first.headers['hanaper-replay']).toBeUndefined();
    for (const encoding of ['base64', 'base64url', 'base64url-gzip'] as const) {
      for (const proofs of [outsider.ofOrganisation, []]) {
        const container = await containerOf([signed.invocation, ...proofs], encoding);
        const again = await expectReplay(world, { ...signed, container });
        expect(again.headers['hanaper-receipt']).toBe(first.headers['hanaper-receipt']);
      }
    }
    expect(await expectWholeLog(url)).toHaveLength(world.size + 1);
  });

  test('so it does after the invocation has expired, where one that was not executed is refused', async () => {
    await using world = await open();
    const { outsider, server } = world;
    const [signed, late] = await Promise.all([outsider.signFor(sign), outsider.signFor(sign)]);
    const first = await post(server, signed);
    world.clock.now = new Date((now + 3600) * 1000);
    expectProblem('token_expired', await post(server, late));
    const again = await expectReplay(world, signed);
    expect(again.text).toBe(first.text);
  });

  test('so it does after its proof was revoked, where one that was not executed is refused', async () => {
    await using world = await open();
    const { authority, outsider, server } = world;
    const friend = await outsider.passOn('friend');
    const [signed, late] = await Promise.all([friend.signFor(sign), friend.signFor(sign)]);
    const first = await post(server, signed);
    for (const target of friend.ofOrganisation.slice(-1))
      await revoke(authority, outsider.signer, target, {}, [target]);
    expectProblem('token_revoked', await post(server, late));
    const again = await expectReplay(world, signed);
    expect(again.text).toBe(first.text);
  });

  test('so it does after the key was revoked that it signed with', async () => {
    await using world = await open();
    const { authority, outsider, server } = world;
    const [signed, late] = await Promise.all([outsider.signFor(sign), outsider.signFor(sign)]);
    const first = await post(server, signed);
    await authority.executeFor('acme', revokeKey, { name: 'release' });
    expect((await expectRefusal('key_revoked', await post(server, late))).headers['hanaper-replay']).toBeUndefined();
    expect((await expectReplay(world, signed)).text).toBe(first.text);
  });

  test('so it does while the vault is locked', async () => {
    await using world = await open();
    const { outsider, server } = world;
    const [signed, late] = await Promise.all([outsider.signFor(sign), outsider.signFor(sign)]);
    const first = await post(server, signed);
    const locked = await post(server, await outsider.sign({ ...sign, command: '/database/lock', args: {} }));
    expect(locked.status, locked.text).toBe(200);
    expectProblem('locked', await post(server, late));
    expect((await expectReplay(world, signed)).text).toBe(first.text);
  });

  test('so it does under the other signature that ECDSA allows', async () => {
    await using world = await open();
    const { authority, server } = world;
    const outsider = await empower(authority, await principal('outsider', 'p256'));
    const signed = await outsider.signFor(sign);
    const twin = { bytes: twinOf(signed.invocation) };
    const first = await post(server, signed);
    const container = await containerOf([twin, ...outsider.ofOrganisation]);
    expect((await expectReplay(world, { ...signed, container })).text).toBe(first.text);
    expect(await expectWholeLog(world.url)).toHaveLength(world.size + 1);
  });

  test('what a handler refuses is a receipt, which stays when the reason is gone', async () => {
    await using world = await open();
    const { authority, outsider, server } = world;
    const wanted = { ...sign, args: { ...sign.args, key: 'later' } };
    const signed = await outsider.signFor(wanted);
    const first = await expectRefusal('not_found', await post(server, signed));
    expect(first.headers['hanaper-replay']).toBeUndefined();
    expect(await expectWholeLog(world.url)).toHaveLength(world.size + 1);
    await authority.executeFor('acme', createKey, { name: 'later' });
    const again = await expectRefusal('not_found', await post(server, signed));
    expect([again.headers['hanaper-replay'], again.text]).toEqual(['true', first.text]);
    expect((await post(server, await outsider.signFor(wanted))).status).toBe(200);
  });

  test('a fault is no answer, and the same invocation is executed once it is mended', async () => {
    await using world = await open();
    const { outsider, server, url } = world;
    const signed = await outsider.signFor(sign);
    await query(url, 'alter table package_signatures rename to lost');
    for (let round = 0; round < 2; round++) {
      const { headers } = expectProblem('database_corrupt', await post(server, signed));
      expect(headers['hanaper-receipt']).toBeUndefined();
    }
    expect(await storedReceipt(url, signed)).toBeUndefined();
    await query(url, 'alter table lost rename to package_signatures');
    const answered = await post(server, signed);
    expect([answered.status, answered.headers['hanaper-replay']]).toEqual([200, undefined]);
    await expectReplay(world, signed);
    expect(await expectWholeLog(url)).toHaveLength(world.size + 1);
  });

  test('what is not authorised is no receipt either', async () => {
    await using world = await open();
    const { outsider, server, url } = world;
    const early = await outsider.signFor({ ...sign, expiration: now + 3600 });
    expectProblem('invalid_claim', await post(server, early));
    expect(await storedReceipt(url, early)).toBeUndefined();
    // By then it is short-lived enough.
    world.clock.now = new Date((now + 3000) * 1000);
    expect((await post(server, early)).status).toBe(200);
    await expectReplay(world, early);
  });

  async function open(): Promise<World> {
    const url = await engine.createUrl();
    const time = { now: new Date(now * 1000) };
    const clock = () => time.now;
    const { authority } = await createAuthority(url, { clock });
    await authority.executeFor('acme', createKey, { name: 'release' });
    const outsider = await createOutsider(authority, 'outsider');
    const server = await serve(url, { authority: { database: url, clock }, credential: byRawKey(1) });
    const { length: size } = await expectWholeLog(url);
    const close = () => authority.close();
    return { url, size, authority, outsider, server, clock: time, [Symbol.asyncDispose]: close };
  }
});

interface World extends AsyncDisposable {
  readonly url: string;
  /** Of the log, at first. */
  readonly size: number;
  /** Another process at the same database. */
  readonly authority: Authority;
  readonly outsider: Outsider;
  readonly server: TestServer;
  readonly clock: { now: Date };
}

function post({ url }: TestServer, { container }: Pick<Signed, 'container'>): Promise<Answered> {
  return ask(url, '/api/invoke', { body: container, headers: { 'Content-Type': type } });
}

// Sends a whole request, and goes without reading anything.
function sendAndLeave(url: string, { container }: Signed): Promise<void> {
  const { hostname, port, host } = new URL(url);
  const head = `POST /api/invoke HTTP/1.1\r\nHost: ${host}\r\nContent-Type: ${type}\r\nContent-Length: ${container.length}`;
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname.replace(/[[\]]/g, ''), () => {
      socket.write(`${head}\r\n\r\n${container}`, () => {
        socket.resetAndDestroy();
        resolve();
      });
    });
    socket.on('error', reject);
  });
}

async function expectReplay({ server }: World, signed: Signed): Promise<Answered> {
  const answered = await post(server, signed);
  expect(answered.status, answered.text).toBe(200);
  expect(answered.headers['hanaper-replay']).toBe('true');
  const receipt = await readAnswer(answered);
  expect(receipt.ran.equals(signed.invocation.cid)).toBe(true);
  expect(receipt.out).toHaveProperty('ok');
  return answered;
}

async function expectRefusal(code: ErrorCode, answered: Answered): Promise<Answered> {
  const { out } = await readAnswer(answered);
  expect(out).toMatchObject({ error: { code } });
  expect(answered.status).toBe(statuses[code]);
  return answered;
}

async function readAnswer({ text, headers }: Answered): Promise<Receipt> {
  expect(headers['content-type']).toBe(type);
  const [token = new Uint8Array()] = await unpackTokens(new TextEncoder().encode(text));
  const receipt = readReceipt(await verifyToken(decodeInvocation(token)));
  expect(headers['hanaper-receipt']).toBe(cidOf(receipt.invocation));
  return receipt;
}

async function storedReceipt(url: string, { invocation }: Signed): Promise<unknown> {
  const rows = await query(url, 'select result_cid from ucan_invocations where cid = $1', [cidOf(invocation)]);
  return rows[0]?.['result_cid'];
}
