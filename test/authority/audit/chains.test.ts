import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Audited, auditDatabase } from '../../../src/authority/audit/database/audit-database.ts';
import { auditExport } from '../../../src/authority/audit/export/audit-export.ts';
import { exportLog } from '../../../src/authority/audit/export/write-export.ts';
import { pruneDelegations } from '../../../src/authority/commands/delegation.ts';
import { appendEntry, hashEffects } from '../../../src/authority/log/append-entry.ts';
import { rememberPrincipals } from '../../../src/authority/tokens/principals.ts';
import { formatCid, type Invocation, signRevocation, verifyToken } from '../../../src/ucan/index.ts';
import { ask, type Door, openDoor, send } from '../../support/door.ts';
import { engines } from '../../support/engines.ts';
import { sendRevocation, store } from '../../support/tokens.ts';
import { delegate, principal } from '../../support/ucan.ts';

/** Enrols an invocation past the door, as an operator could who has the passphrase. */
async function enrolUnchecked({ authority }: Door, invocation: Invocation): Promise<string> {
  const verified = await verifyToken(invocation);
  await authority.writer.write(async (transaction, turn) => {
    const now = await authority.readNow(transaction);
    const dids = [invocation.issuer, authority.identity.did];
    const ids = await rememberPrincipals({ transaction, now }, dids);
    const principals = dids.map((did) => ids.get(did) ?? 0);
    const act = { invocation: verified, out: { ok: {} }, now, head: turn.head, principals };
    const effects = await hashEffects(transaction, turn.head.size);
    turn.head = (await appendEntry(transaction, authority.requireVault(), act, effects)).head;
  });
  return formatCid(invocation.cid);
}

describe.each(engines)('$name', (engine) => {
  let door: Door;

  beforeAll(async () => {
    door = await openDoor(await engine.createUrl());
  });

  afterAll(() => door.authority.close());

  /** What an audit finds, in the database and in an export alike. */
  async function audit(): Promise<Audited> {
    const kept = await auditDatabase(door.authority);
    const parts: Uint8Array[] = [];
    await exportLog(door.authority, (bytes) => parts.push(bytes));
    const exported = await auditExport(parts, door.authority.identity.did);
    expect(exported.findings.list).toEqual(kept.findings.list);
    expect(exported.findings.unverifiable).toEqual(kept.findings.unverifiable);
    return kept;
  }

  test('a chain that is kept here is checked, as it stood when it was used', async () => {
    await store(door.authority, door.root);
    await send(door, await ask(door));
    await door.authority.checkpoint();
    const { findings } = await audit();
    expect(findings.list).toEqual([]);
    expect(findings.unverifiableCount).toBe(0);
  });

  test('a revocation counts for what comes behind it, and for nothing before', async () => {
    const request = await ask(door);
    await sendRevocation(door.authority, await signRevocation(door.acme, { target: door.root.cid }), [door.root]);
    expect((await audit()).findings.list).toEqual([]);
    const cid = await enrolUnchecked(door, request.invocation);
    expect((await audit()).findings.list).toMatchObject([
      { kind: 'chain', table: 'ucan_invocations', key: cid, message: expect.stringContaining('was revoked by') },
    ]);
  });

  test('an audit finds what was executed without a right to it, whatever program wrote it', async () => {
    const before = (await audit()).findings.count;
    const mallory = await principal('mallory');
    const forged = await delegate(mallory, mallory, { subject: door.acme.did });
    await store(door.authority, forged);
    const { invocation } = await ask(door, { by: mallory, with: [forged] });
    const cid = await enrolUnchecked(door, invocation);
    const bare = await enrolUnchecked(door, (await ask(door, { by: mallory, with: [] })).invocation);
    const { findings } = await audit();
    expect(findings.list.slice(before)).toMatchObject([
      { kind: 'chain', key: cid, message: expect.stringContaining('is issued by') },
      { kind: 'chain', key: bare, message: expect.stringContaining('has no proof of it') },
    ]);
  });

  test('what was executed when its time was over is found', async () => {
    const before = (await audit()).findings.count;
    const { invocation } = await ask(door, { expiration: door.time - 1, by: door.acme, with: [] });
    const cid = await enrolUnchecked(door, invocation);
    expect((await audit()).findings.list.slice(before)).toMatchObject([
      { kind: 'chain', key: cid, message: expect.stringContaining('expired at') },
    ]);
  });

  test('a proof that was pruned is kept with the act that rests on it, which is checked as before', async () => {
    const before = (await audit()).findings.count;
    const proof = await delegate(door.acme, door.ci, { command: '/package', expiration: door.time + 60 });
    await store(door.authority, proof);
    const { invocation } = await ask(door, { with: [proof] });
    await send(door, { invocation, given: [] });
    expect((await audit()).findings).toMatchObject({ count: before, unverifiableCount: 0 });
    door.time += 1000;
    await door.authority.execute(pruneDelegations, {});
    const { findings } = await audit();
    expect(findings).toMatchObject({ count: before, unverifiableCount: 0 });
  });
});
