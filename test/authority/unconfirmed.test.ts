import { afterEach, describe, expect, onTestFinished, test } from 'vitest';
import { lockDatabase } from '../../src/authority/commands/database.ts';
import {
  type Authority,
  createKey,
  createOrganisation,
  listOrganisations,
  openAuthority,
  openSigner,
} from '../../src/authority/index.ts';
import { encodeUtf8 } from '../../src/bytes.ts';
import { HanaperError } from '../../src/errors.ts';
import type { HanaperEvent } from '../../src/events.ts';
import { formatCid } from '../../src/ucan/index.ts';
import { byPassphrase, initialize } from '../support/authority.ts';
import { expectCode, failureOf } from '../support/codes.ts';
import { startCuttingProxy } from '../support/cutting-proxy.ts';
import { engines } from '../support/engines.ts';
import { ask, expectProblem, serve } from '../support/server.ts';
import { containerOf } from '../support/tokens.ts';
import { loseConfirmations } from '../support/transactions.ts';
import { delegate, invoke, principal } from '../support/ucan.ts';

const events: HanaperEvent[] = [];
let next = 0;
const newOrganisation = () => ({ name: `org-${++next}` });

afterEach(() => {
  events.length = 0;
});

interface Place {
  readonly authority: Authority;
  /** Has the answers to so many commits lost. */
  lose(times: number): void;
}

/** An authority whose commits can be done without an answer. */
const places: readonly { readonly name: string; open(): Promise<Place> }[] = [
  ...engines.map((engine) => ({
    name: `${engine.name}, whose answer is thrown away`,
    open: async () => {
      const url = await engine.createUrl();
      await initialize(url);
      const authority = await openIt(url);
      return { authority, lose: (times: number) => loseConfirmations(authority.database, times) };
    },
  })),
  {
    name: 'postgres, behind a connection that breaks',
    open: async () => {
      const url = (await engines[1]?.createUrl()) ?? '';
      await initialize(url);
      const proxy = await startCuttingProxy(url);
      return { authority: await openIt(proxy.url), lose: proxy.arm };
    },
  },
];

async function openIt(database: string): Promise<Authority> {
  const authority = await openAuthority({ database, observer: (event) => events.push(event) });
  onTestFinished(() => authority.close());
  await authority.unlock(byPassphrase());
  events.length = 0;
  return authority;
}

async function containerFor(authority: Authority, args: object): Promise<Uint8Array<ArrayBuffer>> {
  const admin = await principal('admin');
  const proof = await delegate(await openSigner(authority, 'authority'), admin);
  const expiration = Math.floor(Date.now() / 1000) + 300;
  const invocation = await invoke(admin, authority.identity, [proof], {
    command: createOrganisation.name,
    args,
    expiration,
  });
  return encodeUtf8(await containerOf([invocation, proof]));
}

describe.each(places)('on $name', ({ open }) => {
  test('what was done, and not confirmed, is unavailable and may be done, and no event says that it failed', async () => {
    const { authority, lose } = await open();
    lose(1);
    const args = newOrganisation();
    const error = await expectCode('unavailable', () => authority.execute(createOrganisation, args));
    expect(error.details).toMatchObject({ may_be_done: true });
    const { organisations } = await authority.execute(listOrganisations, {});
    expect(organisations.map(({ name }) => name)).toContain(args.name);
    expect(events).toMatchObject([
      {
        name: 'command.unconfirmed',
        reason: 'unavailable',
        details: { command: '/org/create', invoker: authority.identity.did, may_be_done: true },
      },
    ]);
  });

  test('the same invocation asked again has the receipt of what was done, once', async () => {
    const { authority, lose } = await open();
    const args = newOrganisation();
    const container = await containerFor(authority, args);
    lose(1);
    await expectCode('unavailable', () => authority.executeContainer(container));
    const again = await authority.executeContainer(container);
    expect(again).toMatchObject({ kind: 'receipt', isReplay: true, receipt: { out: { ok: { name: args.name } } } });
    const { organisations } = await authority.execute(listOrganisations, {});
    expect(organisations.filter(({ name }) => name === args.name)).toHaveLength(1);
  });

  test('all who shared the commit are told so, each at once, and each has a receipt', async () => {
    const { authority, lose } = await open();
    const containers = await Promise.all(Array.from({ length: 6 }, () => containerFor(authority, newOrganisation())));
    lose(1);
    const failures = await Promise.all(
      containers.map((container) => failureOf(() => authority.executeContainer(container))),
    );
    const inDoubt = failures.filter((error) => error instanceof HanaperError);
    expect(inDoubt.length).toBeGreaterThan(0);
    for (const error of inDoubt) expect(error).toMatchObject({ code: 'unavailable', details: { may_be_done: true } });
    for (const container of containers) {
      expect(await authority.executeContainer(container)).toMatchObject({ kind: 'receipt', isReplay: true });
    }
  });

  test('a vault whose lock was not confirmed is locked', async () => {
    const { authority, lose } = await open();
    lose(1);
    await expectCode('unavailable', () => authority.execute(lockDatabase, {}));
    expect(authority.locked).toBe(true);
  });
});

test('over HTTP it is said that it may be done, and the next answer is the receipt', async () => {
  const url = (await engines[1]?.createUrl()) ?? '';
  await initialize(url);
  const proxy = await startCuttingProxy(url);
  await using keeper = await openAuthority({ database: url });
  await keeper.unlock(byPassphrase());
  const container = await containerFor(keeper, newOrganisation());
  const server = await serve(proxy.url, { credential: byPassphrase() });
  proxy.arm(1);
  const request = { method: 'POST', body: container, headers: { 'Content-Type': 'application/vnd.ucan.container' } };
  const lost = await ask(server.url, '/api/invoke', request);
  expectProblem('unavailable', lost, 503);
  expect(lost.json).toMatchObject({ details: { may_be_done: true } });
  expect(lost.headers['hanaper-receipt']).toBeUndefined();
  const again = await ask(server.url, '/api/invoke', request);
  expect([again.status, again.headers['hanaper-replay']]).toEqual([200, 'true']);
  expect(proxy.cuts()).toBe(1);
});

describe.each(engines)('on $name, an observer that cannot take note', (engine) => {
  const full = new HanaperError('unavailable', 'The event log events.log cannot be written (ENOSPC).', {
    path: 'events.log',
    reason: 'ENOSPC',
  });

  test('of what was done is told with its receipt, and asked again there is that receipt', async () => {
    const url = await engine.createUrl();
    await initialize(url);
    let isFull = false;
    const observer = () => {
      if (isFull) throw full;
    };
    await using authority = await openAuthority({ database: url, observer });
    await authority.unlock(byPassphrase());
    const container = await containerFor(authority, newOrganisation());
    isFull = true;
    const error = await expectCode('unavailable', () => authority.executeContainer(container));
    expect(error.details).toMatchObject({ may_be_done: true, path: 'events.log', reason: 'ENOSPC' });
    expect(error.message).toContain('events.log');
    isFull = false;
    const again = await authority.executeContainer(container);
    if (again.kind !== 'receipt') throw new TypeError('a write has a receipt');
    expect(error.details).toMatchObject({ receipt: formatCid(again.receipt.invocation.cid) });
    expect(typeof error.details['index']).toBe('number');
  });

  test('over HTTP has the headers of the receipt, and names no path of the server', async () => {
    const url = await engine.createUrl();
    await initialize(url);
    await using keeper = await openAuthority({ database: url });
    await keeper.unlock(byPassphrase());
    const container = await containerFor(keeper, newOrganisation());
    let isFull = false;
    const observer = () => {
      if (isFull) throw full;
    };
    const server = await serve(url, { credential: byPassphrase(), authority: { database: url, observer } });
    isFull = true;
    const request = { method: 'POST', body: container, headers: { 'Content-Type': 'application/vnd.ucan.container' } };
    const failed = await ask(server.url, '/api/invoke', request);
    isFull = false;
    expectProblem('unavailable', failed, 503);
    expect(failed.text).not.toContain('events.log');
    const again = await ask(server.url, '/api/invoke', request);
    expect(again.headers['hanaper-replay']).toBe('true');
    expect(failed.headers['hanaper-receipt']).toBe(again.headers['hanaper-receipt']);
    expect(failed.headers['hanaper-log-index']).toMatch(/^\d+$/);
    expect(failed.json).toMatchObject({ details: { may_be_done: true, receipt: again.headers['hanaper-receipt'] } });
  });

  test('leaves a refusal before the commit undone', async () => {
    const url = await engine.createUrl();
    await initialize(url);
    let isFull = false;
    const observer = () => {
      if (isFull) throw full;
    };
    await using authority = await openAuthority({ database: url, observer });
    isFull = true;
    const error = await failureOf(() => authority.executeFor('acme', createKey, { name: 'release' }));
    expect(error).toBe(full);
    isFull = false;
  });
});
