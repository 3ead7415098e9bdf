import { randomBytes } from 'node:crypto';
import { Agent } from 'node:http';
import { DatabaseSync } from 'node:sqlite';
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { describe, expect, test } from 'vitest';
import { type Authority, openAuthority } from '../../src/authority/index.ts';
import { Secret } from '../../src/crypto/secret.ts';
import { decodeInvocation, formatCid, unpackTokens, verifyToken } from '../../src/ucan/index.ts';
import { readReceipt } from '../../src/ucan/token/receipt.ts';
import { pathOf, query, type Row } from '../support/authority.ts';
import { type Cli, createInitialized } from '../support/cli.ts';
import { engines } from '../support/engines.ts';
import { eventually, patience } from '../support/eventually.ts';
import { expectWholeLog } from '../support/log.ts';
import { createOutsider, type Outsider, type Signed } from '../support/outsider.ts';
import { type Answered, ask, type ServerProcess, startProcess } from '../support/server.ts';
import { cidOf } from '../support/tokens.ts';
import { delegate, principal } from '../support/ucan.ts';

// HANAPER_KILLS=50 is for a longer run.
const kills = Number(process.env['HANAPER_KILLS'] ?? 4);
const clients = 8;
// Milliseconds, and commits, under load at most: few enough to be in the midst of the first.
const longest = 400;
const most = 8;

/** What a request writes: one row of a table that is named by one of its columns. */
interface Effect {
  readonly table: 'package_signatures' | 'signing_keys' | 'organizations' | 'ucan_delegations';
  readonly value: string;
}

const columns: Readonly<Record<Effect['table'], string>> = {
  package_signatures: 'package_hash',
  signing_keys: 'key_name',
  organizations: 'name',
  ucan_delegations: 'cid',
};

/** A request that was sent. */
interface Sent extends Signed, Effect {
  /** CID of the invocation. */
  readonly cid: string;
  /** The receipt's CID, once the client holds it. */
  receipt?: string;
}

describe.each(engines)('$name', (engine) => {
  test('a server that is killed under load loses no receipt that it gave, and does nothing twice', async ({
    annotate,
  }) => {
    const url = await engine.createUrl();
    const cli = await createInitialized(url);
    const lead = await createLead(url, cli);
    const sent: Sent[] = [];
    let lost = 0;
    let committed = 0;
    let server = await startProcess(cli);
    for (let round = 0; round < kills; round++) {
      // At any moment, and just when something has been committed, which is when answers are lost to what was done.
      const choose = () => (round % 2 === 0 ? sleep(Math.random() * longest) : untilCommitted(url));
      const fresh = await killUnderLoad(server, await createClients(lead, round), choose);
      sent.push(...fresh);
      await untilGone(url);
      await expectDone(url, sent);
      server = await startProcess(cli);
      const unanswered = fresh.filter(({ receipt }) => receipt === undefined);
      lost += unanswered.length;
      committed += await sendAgain(server, url, unanswered);
      await expectDone(url, sent);
    }
    // Every client has lost its last answer, and nearly all have had others before.
    expect(lost).toBe(kills * clients);
    expect(sent.length).toBeGreaterThan(lost);
    expect(sent.filter(({ receipt }) => receipt === undefined)).toEqual([]);
    await expectSameAgain(server, sent);
    await expectDone(url, sent);
    server.child.kill('SIGTERM');
    expect((await server.finished).status).toBe(0);
    expect(await cli.done('validate')).toMatchObject({ valid: true });
    await annotate(`${sent.length} sent, ${lost} answers lost, ${committed} of them had been done`);
  });
});

// Everybody acts on a power that comes through this one.
async function createLead(url: string, cli: Cli): Promise<Outsider> {
  await using authority: Authority = await openAuthority({ database: url });
  await authority.unlock({ kind: 'raw', key: Secret.copyOf(cli.read('raw-key')) });
  return await createOutsider(authority, 'lead');
}

// New ones in each round, so that their rows are written under load too.
function createClients(lead: Outsider, round: number): Promise<Outsider[]> {
  return Promise.all(Array.from({ length: clients }, (_, index) => lead.passOn(`client ${round} ${index}`)));
}

async function killUnderLoad(
  server: ServerProcess,
  outsiders: readonly Outsider[],
  choose: () => Promise<unknown>,
): Promise<Sent[]> {
  const sent: Sent[] = [];
  const moment = choose();
  const running = outsiders.map((outsider) => keepAsking(server.url, outsider, sent));
  await moment;
  server.child.kill('SIGKILL');
  await Promise.all(running);
  expect((await server.finished).signal).toBe('SIGKILL');
  return sent;
}

async function untilCommitted(url: string): Promise<void> {
  await using watch = await watchLog(url);
  const before = await watch.size();
  const wanted = before + 1 + Math.floor(Math.random() * most);
  // Without a pause: the next answers are not to come before the kill.
  const deadline = Date.now() + patience;
  while ((await watch.size()) < wanted) {
    expect(Date.now()).toBeLessThan(deadline);
    await setImmediate();
  }
}

interface Watch extends AsyncDisposable {
  /** How many entries the log has. */
  size(): Promise<number>;
}

// Over one connection: to open one takes longer than an answer.
async function watchLog(url: string): Promise<Watch> {
  const select = 'select size from log_head';
  if (url.startsWith('sqlite:')) {
    const file = new DatabaseSync(pathOf(url), { readOnly: true });
    const statement = file.prepare(select);
    return { size: async () => Number(statement.get()?.['size']), [Symbol.asyncDispose]: async () => file.close() };
  }
  const client = new Client({ connectionString: url });
  await client.connect();
  const size = async () => Number((await client.query<Row>(select)).rows[0]?.['size']);
  return { size, [Symbol.asyncDispose]: () => client.end() };
}

// Until the answer to something is lost.
async function keepAsking(url: string, outsider: Outsider, all: Sent[]): Promise<void> {
  const agent = new Agent({ keepAlive: true });
  for (;;) {
    const sent = await wish(outsider);
    all.push(sent);
    const answered = await post(url, sent, agent).catch(() => undefined);
    if (answered === undefined) break;
    expect(answered.headers['hanaper-replay']).toBeUndefined();
    sent.receipt = await readAnswer(answered, sent);
  }
  agent.destroy();
}

async function wish(outsider: Outsider): Promise<Sent> {
  const [kind = 0] = randomBytes(1);
  const id = randomBytes(8).toString('hex');
  if (kind < 96) {
    const hash = randomBytes(32).toString('hex');
    const args = { hash, name: 'a.wasm', key: 'release', store: true };
    return toSent(await outsider.signFor({ command: '/package/sign', args }), 'package_signatures', hash);
  }
  if (kind < 160) {
    const name = `key-${id}`;
    return toSent(await outsider.signFor({ command: '/key/create', args: { name } }), 'signing_keys', name);
  }
  if (kind < 192) {
    const name = `org-${id}`;
    return toSent(await outsider.sign({ command: '/org/create', args: { name } }), 'organizations', name);
  }
  const delegation = await delegate(outsider.signer, await principal(id));
  const args = { delegations: [delegation.cid] };
  const signed = await outsider.sign({ command: '/delegation/store', args }, [delegation]);
  return toSent(signed, 'ucan_delegations', cidOf(delegation));
}

function toSent(signed: Signed, table: Effect['table'], value: string): Sent {
  return { ...signed, table, value, cid: cidOf(signed.invocation) };
}

function post(url: string, { container }: Signed, agent?: Agent): Promise<Answered> {
  const headers = { 'Content-Type': 'application/vnd.ucan.container' };
  return ask(url, '/api/invoke', { body: container, headers, ...(agent && { agent }) });
}

// The CID of a receipt that is well signed, about what was sent, and good news.
async function readAnswer({ status, text, headers }: Answered, sent: Sent): Promise<string> {
  expect(status, text).toBe(200);
  const [token = new Uint8Array()] = await unpackTokens(new TextEncoder().encode(text));
  const receipt = readReceipt(await verifyToken(decodeInvocation(token)));
  expect(receipt.out).toHaveProperty('ok');
  expect(formatCid(receipt.ran)).toBe(sent.cid);
  expect(headers['hanaper-receipt']).toBe(cidOf(receipt.invocation));
  return cidOf(receipt.invocation);
}

// PostgreSQL ends what a client has begun after the client is gone.
async function untilGone(url: string): Promise<void> {
  if (url.startsWith('sqlite:')) return;
  const connected = `select pid from pg_stat_activity where datname = current_database() and application_name = 'hanaper'`;
  await eventually(async () => (await query(url, connected)).length === 0);
}

/** Sends again what was not answered; returns how much of it had been done. */
async function sendAgain(server: ServerProcess, url: string, unanswered: readonly Sent[]): Promise<number> {
  const done = await readDone(url);
  await Promise.all(
    unanswered.map(async (sent) => {
      const stored = done.get(sent.cid);
      const answered = await post(server.url, sent);
      expect(answered.headers['hanaper-replay']).toBe(stored === undefined ? undefined : 'true');
      sent.receipt = await readAnswer(answered, sent);
      if (stored !== undefined) expect(sent.receipt).toBe(stored);
    }),
  );
  return unanswered.filter(({ cid }) => done.has(cid)).length;
}

async function expectSameAgain(server: ServerProcess, sent: readonly Sent[]): Promise<void> {
  for (const each of sent.filter((_, index) => index % 10 === 0)) {
    const answered = await post(server.url, each);
    expect(answered.headers['hanaper-replay']).toBe('true');
    expect(await readAnswer(answered, each)).toBe(each.receipt);
  }
}

// Each invocation that was executed has its receipt, its entry and its row, once; any other has none of them.
async function expectDone(url: string, sent: readonly Sent[]): Promise<void> {
  const entries = await expectWholeLog(url);
  const logged = new Map(entries.map(({ invocation, receipt }) => [invocation, receipt]));
  expect(logged.size).toBe(entries.length);
  const done = await readDone(url);
  const rows = await readRows(url);
  for (const { cid, receipt, table, value } of sent) {
    const stored = done.get(cid);
    if (receipt !== undefined) expect(stored).toBe(receipt);
    expect(logged.get(cid)).toBe(stored);
    expect(rows.get(`${table} ${value}`) ?? 0).toBe(stored === undefined ? 0 : 1);
  }
  expect(done.size).toBe(entries.length);
}

/** The receipt of each invocation that was executed. */
async function readDone(url: string): Promise<ReadonlyMap<string, string>> {
  const rows = await query(url, 'select cid, result_cid from ucan_invocations where result_cid is not null');
  return new Map(rows.map((row) => [String(row['cid']), String(row['result_cid'])]));
}

/** How often there is a row of a table and a name. */
async function readRows(url: string): Promise<ReadonlyMap<string, number>> {
  const counted = Object.entries(columns).map(async ([table, column]) => {
    const rows = await query(url, `select ${column} as name, count(*) as count from ${table} group by ${column}`);
    return rows.map((row) => [`${table} ${row['name']}`, Number(row['count'])] as const);
  });
  return new Map((await Promise.all(counted)).flat());
}
