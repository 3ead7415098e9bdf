import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import type { LogProofDocument } from '../../src/authority/log/proof-document.ts';
import { type Cli, createCli, createInitialized } from '../support/cli.ts';

let keeper: Cli;
let auditor: Cli;
let did: string;
let proof: LogProofDocument;

beforeAll(async () => {
  keeper = await createInitialized();
  await keeper.done('key', 'create', 'second');
  ({ did } = await keeper.done<{ did: string }>('status'));
  proof = await keeper.done('log', 'proof', '1', '--output', 'entry-1.json');
  auditor = await createCli('sqlite:/nowhere/at/all.db');
  auditor.write('entry-1.json', keeper.read('entry-1.json'));
});

const verify = (file: string, authority = did) => ['log', 'verify', file, '--authority', authority];

test('a proof holds for who has nothing but it and the DID of the authority, and its checkpoint is remembered', async () => {
  const { index, checkpoint: note } = proof;
  expect(await auditor.done(...verify('entry-1.json'))).toEqual({
    verified: true,
    authority: did,
    index,
    enrolled_at: expect.stringMatching(/Z$/),
    invocation: expect.stringMatching(/^zdpu/),
    receipt: expect.stringMatching(/^zdpu/),
    checkpoint: { size: 3, note },
  });
  expect(await auditor.says(...verify('entry-1.json'))).toContain(
    'entry-1.json holds: the entry 1 is one of the 3 of the log.\n',
  );
  const memory = readFileSync(join(auditor.home, '.local/state/hanaper/log-checkpoints.json'), 'utf8');
  expect(JSON.parse(memory).logs).toEqual([{ authority: did, source: 'proof', size: 3, checkpoint: note }]);
});

test('whose log it must be has to be said, as the DID of an authority', async () => {
  await auditor.refusesBoth('usage', 'log', 'verify', 'entry-1.json');
  await auditor.refusesBoth('usage', ...verify('entry-1.json', 'acme'));
  const { did: other } = await (await createInitialized()).done<{ did: string }>('status');
  const { details } = await auditor.refusesBoth('authority_changed', ...verify('entry-1.json', other));
  expect(details).toEqual({ expected: other, actual: did });
});

test.each<[string, (proof: LogProofDocument) => Partial<LogProofDocument>]>([
  ['index', ({ index }) => ({ index: index + 1 })],
  ['entry', ({ entry }) => ({ entry: turn(entry) })],
  ['receipt', ({ receipt }) => ({ receipt: turn(receipt) })],
  ['way to the root', ({ inclusion }) => ({ inclusion: inclusion.map(turn) })],
  ['length of that way', ({ inclusion }) => ({ inclusion: inclusion.slice(1) })],
  ['checkpoint', ({ checkpoint }) => ({ checkpoint: checkpoint.replace('\n3\n', '\n4\n') })],
  ['origin', ({ checkpoint }) => ({ checkpoint: checkpoint.replace('hanaper/', 'other/') })],
  ['signature of the checkpoint', ({ checkpoint }) => ({ checkpoint: checkpoint.replace(/.{8}\n$/, 'AAAAAAAA\n') })],
  ['key of the log', ({ log_key }) => ({ log_key: { ...log_key, signature: turn(log_key.signature) } })],
])('another %s is refused', async (_, alter) => {
  auditor.write('altered.json', JSON.stringify({ ...proof, ...alter(proof) }));
  await auditor.refusesBoth('log_tampered', ...verify('altered.json'));
});

test.each(['{', '{}', '{"index": 1}', '{"index": "1"}'])('%s is no proof', async (text) => {
  auditor.write('none.json', text);
  await auditor.refusesBoth('bad_input', ...verify('none.json'));
});

test('a proof is written in place of an earlier one, and of nothing else', async () => {
  await keeper.done('log', 'proof', '2', '--output', 'again.json');
  await keeper.done('log', 'proof', '1', '--output', 'again.json');
  expect(keeper.read('again.json').equals(keeper.read('entry-1.json'))).toBe(true);
  const key = keeper.read('raw-key');
  await keeper.refusesBoth('already_exists', 'log', 'proof', '1', '--output', 'raw-key');
  expect(keeper.read('raw-key').equals(key)).toBe(true);
  const { bytes } = await keeper.run('log', 'proof', '1', '--output', '-');
  expect(bytes.equals(keeper.read('entry-1.json'))).toBe(true);
  expect(keeper.has('-')).toBe(false);
});

describe('two databases of one authority that went different ways', () => {
  let one: Cli;
  let other: Cli;
  let authority: string;
  let exported: readonly string[];
  let proven: readonly string[];

  /** Who has seen one of them is shown something of the other. */
  const show = async (before: readonly string[], then: readonly string[]) => {
    const person = await createCli('sqlite:/nowhere/at/all.db');
    for (const [, , file = ''] of [before, then]) person.write(file, one.read(file));
    await person.done(...before);
    return person.run(...then);
  };

  beforeAll(async () => {
    const place = await createCli();
    const [first, second] = ['first.db', 'second.db'].map((name) => place.path(name));
    one = await createInitialized(`sqlite:${first}`);
    copyFileSync(first ?? '', second ?? '');
    other = one.with({ env: { HANAPER_DB: `sqlite:${second}`, XDG_STATE_HOME: place.home } });
    ({ did: authority } = await one.done<{ did: string }>('status'));
    for (const [name, cli] of Object.entries({ one, other })) {
      await cli.done('key', 'create', name);
      await cli.done('log', 'export', `${name}.log`);
      await cli.done('log', 'proof', '0', '--output', `${name}.json`);
    }
    exported = verify('other.log', authority);
    proven = verify('other.json', authority);
  });

  test('are found out by their databases', async () => {
    await one.done('log', 'verify');
    const both = one.with({ env: { HANAPER_DB: other.env['HANAPER_DB'] ?? '' } });
    await both.refuses('log_rolled_back', 'log', 'verify');
  });

  test('are found out by an export, in one line', async () => {
    expect((await show(verify('one.log', authority), exported)).status).toBe(3);
    const { stdout } = await show(verify('one.json', authority), exported);
    expect(stdout.match(/^rolled_back/gm)).toHaveLength(1);
    const { stdout: said } = await one.run(...exported);
    expect(said.match(/^rolled_back/gm)).toHaveLength(1);
  });

  test('are found out by a proof of as many entries', async () => {
    const { status, stderr } = await show(verify('one.log', authority), proven);
    expect([status, stderr]).toEqual([3, expect.stringContaining('(log_rolled_back)')]);
    expect((await show(verify('one.json', authority), proven)).status).toBe(3);
  });
});

/** Base64 of bytes of which the last is another. */
function turn(base64: string): string {
  const bytes = Buffer.from(base64, 'base64');
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
  return bytes.toString('base64');
}
