import { expect, test } from 'vitest';
import { EntryChecker } from '../../../src/authority/audit/entry-checker.ts';
import { Findings } from '../../../src/authority/audit/findings.ts';
import { encodeBinding } from '../../../src/authority/log/entry-binding.ts';
import { encodeLogEntry, type LogEntry } from '../../../src/log/entry.ts';
import { emptyRoot } from '../../../src/log/merkle.ts';
import { signReceipt } from '../../../src/ucan/token/receipt.ts';
import { invoke, now, principal } from '../../support/ucan.ts';

const authority = await principal('authority');

/** What an audit finds in one entry, whose receipt was made so many seconds after it was enrolled. */
async function findWith(seconds: number): Promise<readonly string[]> {
  const invocation = await invoke(authority, authority);
  const enrolledAt = new Date(now * 1000).toISOString();
  const effectsRoot = emptyRoot();
  const meta = encodeBinding({ index: 0, before: emptyRoot(), enrolledAt, effectsRoot });
  const claims = { ran: invocation.cid, out: { ok: {} }, issuedAt: now + seconds, meta };
  const receipt = await signReceipt(authority, claims);
  const entry: LogEntry = {
    version: 2,
    invocation: invocation.cid,
    receipt: receipt.cid,
    enrolledAt,
    effectCount: 0,
    effectsRoot,
  };
  const findings = new Findings();
  const audit = new EntryChecker({
    authority: authority.did,
    resolveProof: async () => undefined,
    keep: () => undefined,
    findings,
  });
  const bytes = encodeLogEntry(entry);
  await audit.check({ index: 0, bytes, entry, invocation: invocation.bytes, receipt: receipt.bytes });
  return findings.list.map(({ kind, message }) => `${kind}: ${message}`);
}

test('a receipt of the time of its entry, or of before, is sound', async () => {
  expect(await findWith(0)).toEqual([]);
  expect(await findWith(-1)).toEqual([]);
});

test('a receipt that is dated after its entry is found', async () => {
  expect(await findWith(1)).toEqual([expect.stringMatching(/^token: .* one that was still to come/)]);
});
