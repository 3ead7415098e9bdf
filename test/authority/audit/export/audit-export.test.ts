import { beforeAll, describe, expect, test } from 'vitest';
import { type Audited, auditDatabase } from '../../../../src/authority/audit/database/audit-database.ts';
import { auditExport } from '../../../../src/authority/audit/export/audit-export.ts';
import {
  decodeRecord,
  type ExportRecord,
  encodeRecord,
  RecordSplitter,
} from '../../../../src/authority/audit/export/export-record.ts';
import { exportLog } from '../../../../src/authority/audit/export/write-export.ts';
import { concatBytes } from '../../../../src/bytes.ts';
import type { ErrorCode } from '../../../../src/errors.ts';
import { query } from '../../../support/authority.ts';
import { expectCode, failureOf, isHanaperError } from '../../../support/codes.ts';
import { engines } from '../../../support/engines.ts';
import { withAuthority, writeHistory } from '../../../support/history.ts';
import { createRandom } from '../../../support/mutations.ts';
import { principal } from '../../../support/ucan.ts';

const flips = 150;
const headLength = 120;
const refusals: readonly ErrorCode[] = ['bad_input', 'authority_changed'];

function recordsOf(file: Uint8Array): readonly ExportRecord[] {
  return [...new RecordSplitter().split(file)].map(decodeRecord);
}

function join(records: readonly ExportRecord[]): Uint8Array {
  return concatBytes(...records.map(encodeRecord));
}

describe.each(engines)('$name', (engine) => {
  let url: string;
  let did: string;
  let file: Uint8Array;
  let records: readonly ExportRecord[];
  let notes: readonly Uint8Array[];

  const audit = (bytes: Uint8Array, seen: readonly Uint8Array[] = []): Promise<Audited> =>
    auditExport([bytes], did, { seen });
  const expectFinding = async (changed: readonly ExportRecord[], finding: object) => {
    const { findings } = await audit(join(changed));
    expect(findings.list).toContainEqual(expect.objectContaining(finding));
    expect(findings.toError('it')?.code).toBe('log_tampered');
  };
  const placeOf = (kind: ExportRecord['kind'], which = 0): number => {
    const places = records.flatMap((record, index) => (record.kind === kind ? [index] : []));
    return places.at(which) ?? -1;
  };

  beforeAll(async () => {
    url = await engine.createUrl();
    did = await writeHistory(url);
    const parts: Uint8Array[] = [];
    await withAuthority(url, (authority) => exportLog(authority, (bytes) => parts.push(bytes)));
    file = concatBytes(...parts);
    records = recordsOf(file);
    const rows = await query(url, 'select note from checkpoints order by size');
    notes = rows.map(({ note }) => new Uint8Array(note as Uint8Array));
  });

  test('an export says of the log what the database says of it', async () => {
    const [exported, kept] = [await audit(file), await withAuthority(url, auditDatabase)];
    expect(exported.findings.list).toEqual([]);
    expect(exported.size).toBe(kept.size);
    expect(exported.root).toEqual(kept.root);
    expect(exported.checkpoint).toEqual(kept.checkpoint);
    expect(exported.findings.unverifiable).toEqual(kept.findings.unverifiable);
  });

  test('it is read however its bytes are cut', async () => {
    for (const length of [1, 7, 1000]) {
      const chunks = Array.from({ length: Math.ceil(file.length / length) }, (_, index) =>
        file.subarray(index * length, (index + 1) * length),
      );
      const { findings, size } = await auditExport(chunks, did);
      expect(findings.list).toEqual([]);
      expect(size).toBeGreaterThan(20);
    }
  });

  test('it holds no sealed key, no wrapped secret, and no foreign credential', async () => {
    const text = Buffer.from(file);
    const secrets = [
      ...(await query(url, 'select encrypted_private_key as secret from signing_keys')),
      ...(await query(url, 'select encrypted_identity_key as secret from organizations')),
      ...(await query(url, 'select wrapped_root_secret as secret from key_slots')),
      ...(await query(url, 'select raw_token as secret from ucan_legacy_tokens')),
    ];
    expect(secrets.length).toBeGreaterThan(6);
    // The tokens of the past are in the arguments of the invocation that brought them.
    for (const { secret } of secrets)
      if (typeof secret !== 'string') expect(text.includes(Buffer.from(secret as Buffer))).toBe(false);
    const shown = records.flatMap((record) => (record.kind === 'effects' ? record.effects : []));
    const tables = new Set(shown.flatMap((effect) => (effect.shown?.row ? [effect.table] : [])));
    expect([...tables].sort()).toEqual([
      'authority',
      'did_documents',
      'key_trust_acls',
      'log_keys',
      'package_signatures',
      'trust_snapshots',
      'trusted_keys',
      'ucan_delegations',
      'ucan_revocations',
    ]);
  });

  test('whichever byte is another, it is found', async () => {
    const random = createRandom(Date.now() % 2 ** 31);
    const anywhere = Array.from({ length: flips }, () => Math.floor(random() * file.length));
    // At its beginning stands what it is, and whose.
    for (const at of [...Array(headLength).keys(), ...anywhere]) {
      const bit = 1 << Math.floor(random() * 8);
      const changed = Uint8Array.from(file, (byte, index) => (index === at ? byte ^ bit : byte));
      const outcome = await audit(changed).catch((error: unknown) => error);
      const found = isHanaperError(outcome) ? refusals.includes(outcome.code) : (outcome as Audited).findings.count > 0;
      expect(found, `byte ${at}, bit ${bit}: ${isHanaperError(outcome) ? outcome.message : ''}`).toBe(true);
    }
  });

  test.each([1, 10, 1000])('cut short by %i bytes it is found to be', async (missing) => {
    const { findings } = await audit(file.subarray(0, file.length - missing));
    expect(findings.list).toContainEqual(
      expect.objectContaining({ kind: 'export', message: expect.stringContaining('cut short') }),
    );
  });

  test('every record that is missing, there twice or moved is found, but for checkpoints and proofs', async () => {
    for (let index = 0; index < records.length; index++) {
      const [record, next] = [records[index], records[index + 1]];
      if (record === undefined) continue;
      const isBound = record.kind !== 'checkpoint' && record.kind !== 'proof';
      const cases = { removed: records.toSpliced(index, 1), twice: records.toSpliced(index, 0, record) };
      for (const [how, changed] of Object.entries(cases)) {
        const outcome = await audit(join(changed)).catch((error: unknown) => error);
        const found = isHanaperError(outcome) || (outcome as Audited).findings.count > 0;
        if (isBound || (record.kind === 'checkpoint' && how === 'twice')) {
          expect(found, `${record.kind} ${index} ${how}`).toBe(true);
        }
      }
      if (record.kind !== 'entry' || next?.kind !== 'entry') continue;
      const { findings } = await audit(join(records.toSpliced(index, 2, next, record)));
      expect(findings.count, `${index} moved`).toBeGreaterThan(0);
    }
  });

  test('of a checkpoint that is missing the entries count as under none, and one there must be', async () => {
    const last = placeOf('checkpoint', -1);
    const { findings, checkpoint, size } = await audit(join(records.toSpliced(last, 1)));
    expect(findings.list).toEqual([]);
    expect(checkpoint?.size).toBeLessThan(size);
    await expectFinding(
      records.filter(({ kind }) => kind !== 'checkpoint'),
      { kind: 'checkpoint', table: 'checkpoints', message: expect.stringContaining('no checkpoint') },
    );
  });

  test('a row that is not shown is found, though each effect stands where it did; what may be forgotten is counted', async () => {
    const hide = (table: string) =>
      records.map((record) =>
        record.kind === 'effects'
          ? {
              ...record,
              effects: record.effects.map(({ shown, ...effect }) =>
                effect.table === table || shown === undefined ? effect : { ...effect, shown },
              ),
            }
          : record,
      );
    for (const table of ['trusted_keys', 'ucan_revocations', 'trust_snapshots']) {
      await expectFinding(hide(table), { kind: 'row', table, message: expect.stringContaining('is not shown') });
    }
    const { findings } = await audit(join(hide('package_signatures')));
    expect(findings.list).toEqual([]);
    expect(findings.erased['package_signatures']).toBeGreaterThan(0);
  });

  test('an effect is of the row that its entry has it of, shown or not', async () => {
    const at = placeOf('effects', -1);
    const { effects } = records[at] as ExportRecord & { kind: 'effects' };
    for (const change of [{ table: 'package_signatures' }, { key: '01890a5d-ac96-774b-bcce-b302099a8059' }]) {
      const changed = effects.map(({ shown: _, ...effect }) => ({ ...effect, ...change }));
      await expectFinding(records.with(at, { kind: 'effects', effects: changed }), { kind: 'effect' });
    }
  });

  test('a token that is missing is found, and so is one in the place of another', async () => {
    const at = placeOf('entry', 5);
    const entry = records[at] as ExportRecord & { kind: 'entry' };
    const other = records[placeOf('entry', 6)] as ExportRecord & { kind: 'entry' };
    const index = 5;
    await expectFinding(records.with(at, { ...entry, receipt: undefined }), { kind: 'token', index });
    await expectFinding(records.with(at, { ...entry, invocation: undefined }), { kind: 'token', index });
    await expectFinding(records.with(at, { ...entry, receipt: other.receipt }), { kind: 'token', index });
    await expectFinding(records.with(at, { ...entry, invocation: entry.receipt }), { kind: 'token', index });
  });

  test('a row that is shown otherwise than it was written is found', async () => {
    const at = placeOf('effects');
    const { effects } = records[at] as ExportRecord & { kind: 'effects' };
    const [first, ...others] = effects;
    if (first?.shown === undefined) throw new Error('the first row is not shown');
    const changed = { ...first, shown: { ...first.shown, row: null } };
    await expectFinding(records.with(at, { kind: 'effects', effects: [changed, ...others] }), {
      kind: 'row',
      index: 0,
    });
    await expectFinding(records.with(at, { kind: 'effects', effects: [{ ...first, key: '2' }, ...others] }), {
      kind: 'row',
      index: 0,
    });
  });

  test('one of another authority is refused', async () => {
    const { did: other } = await principal('another authority');
    const { details } = await expectCode('authority_changed', () => auditExport([file], other));
    expect(details).toMatchObject({ expected: other });
  });

  test('what is no export is refused', async () => {
    const stranger = { kind: 'checkpoint', note: new Uint8Array(3) } as const;
    for (const bytes of [new Uint8Array(0), Buffer.from('{"a": 1}\n'), new Uint8Array(100), encodeRecord(stranger)]) {
      await expectCode('bad_input', () => audit(bytes));
    }
  });

  test('a record of another form, or of very many bytes, ends the reading', async () => {
    for (const tail of [
      [0x41, 0x00],
      [0x5b, 0, 0, 0, 0, 0, 0, 0, 1],
      [0x5a, 0xff, 0xff, 0xff, 0xff],
      [0x81, 0x01],
    ]) {
      const { findings } = await audit(concatBytes(file, Uint8Array.from(tail)));
      expect(findings.list).toMatchObject([{ kind: 'export' }]);
    }
  });

  test('it must be the same log as was seen before, as far as it goes', async () => {
    expect((await audit(file, notes)).findings.list).toEqual([]);
    const end = placeOf('entry', 3);
    const short = records.slice(0, end);
    const { findings, size } = await audit(join(short), notes);
    expect(size).toBe(3);
    expect(findings.list.map(({ kind }) => kind)).toEqual(['export']);
    const forked = records.with(placeOf('entry', 0), records[placeOf('entry', 1)] as ExportRecord);
    expect((await audit(join(forked), notes)).findings.toError('it')?.code).toBe('log_rolled_back');
  });

  test('it is as it is at one moment, and an error while it is written ends it', async () => {
    const error = await failureOf(() =>
      withAuthority(url, (authority) =>
        exportLog(authority, () => {
          throw new Error('the disk is full');
        }),
      ),
    );
    expect(String(error)).toContain('the disk is full');
  });
});
