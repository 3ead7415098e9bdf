import { describe, expect, test } from 'vitest';
import { createKey, listKeys } from '../../../src/authority/commands/key.ts';
import { revokeKey } from '../../../src/authority/commands/revoke-key.ts';
import type { LogProofDocument } from '../../../src/authority/log/proof-document.ts';
import { formatCid } from '../../../src/ucan/index.ts';
import { query } from '../../support/authority.ts';
import { engines } from '../../support/engines.ts';
import { createPlace, type Place, plainRequest } from '../../support/place.ts';
import { checkProof } from '../../support/proof.ts';
import { type Answered, ask } from '../../support/server.ts';
import { containerOf } from '../../support/tokens.ts';

const wanted = { 'Hanaper-Proof': '1' };

function proofIn({ headers }: Answered): LogProofDocument {
  const text = Buffer.from(String(headers['hanaper-proof']), 'base64url').toString();
  return JSON.parse(text) as LogProofDocument;
}

/** That the proof of an answer is one of the receipt that it names. */
async function expectProven(place: Place, answered: Answered): Promise<LogProofDocument> {
  const proof = proofIn(answered);
  expect(Object.keys(proof).sort()).toEqual(['checkpoint', 'entry', 'inclusion', 'index', 'log_key']);
  const { entry } = await checkProof(place.authority.identity.did, proof);
  expect(formatCid(entry.receipt)).toBe(answered.headers['hanaper-receipt']);
  return proof;
}

describe.each(engines)('on $name', (engine) => {
  test('who asks for it has the proof with the receipt, at once, however it was asked for', async () => {
    const place = await createPlace(engine);
    const signed = await place.sign({ command: createKey, args: { name: 'one' } });
    const container = await place.askByContainer(signed, { headers: wanted });
    const first = await expectProven(place, container);
    expect(container.headers['hanaper-log-index']).toBe(String(first.index));
    const inJson = await place.askByContainer(await place.sign({ command: createKey, args: { name: 'two' } }), {
      headers: { ...wanted, Accept: 'application/json' },
    });
    expect((await expectProven(place, inJson)).index).toBe(first.index + 1);
    const asking = { command: createKey, args: { name: 'three' } };
    const [path, asked] = plainRequest(asking, await containerOf((await place.sign(asking)).tokens));
    const plain = await ask(place.server.url, path, { ...asked, headers: { ...asked.headers, ...wanted } });
    expect(plain.json).toMatchObject({ name: 'three' });
    expect((await expectProven(place, plain)).index).toBe(first.index + 2);
  });

  test('what was done before is proven as well, and so is what its handler refused', async () => {
    const place = await createPlace(engine);
    const signed = await place.sign({ command: createKey, args: { name: 'one' } });
    const before = await place.askByContainer(signed);
    expect(before.headers['hanaper-proof']).toBeUndefined();
    const again = await place.askByContainer(signed, { headers: wanted });
    expect([again.headers['hanaper-replay'], again.headers['hanaper-log-index']]).toEqual(['true', undefined]);
    expect(String((await expectProven(place, again)).index)).toBe(before.headers['hanaper-log-index']);
    const refused = await place.askByContainer(await place.sign({ command: revokeKey, args: { name: 'none' } }), {
      headers: wanted,
    });
    expect(refused.status).toBe(404);
    await expectProven(place, refused);
  });

  test('what was read has none, and who does not ask gets none', async () => {
    const place = await createPlace(engine);
    for (const [command, headers] of [
      [listKeys, wanted],
      [createKey, {}],
      [createKey, { 'Hanaper-Proof': 'true' }],
    ] as const) {
      const args = command === listKeys ? {} : { name: `key-${Object.values(headers)[0] ?? 'none'}` };
      const answered = await place.askByContainer(await place.sign({ command, args }), { headers });
      expect(answered.status, answered.text).toBe(200);
      expect(answered.headers['hanaper-proof']).toBeUndefined();
    }
  });

  test('where the log was altered there is no proof, and what was done is answered all the same', async () => {
    const place = await createPlace(engine);
    await query(place.database, 'update log_tiles set hashes = $1', [new Uint8Array(32)]);
    const answered = await place.askByContainer(await place.sign({ command: createKey, args: { name: 'one' } }), {
      headers: wanted,
    });
    expect([answered.status, answered.headers['hanaper-proof']]).toEqual([200, undefined]);
    expect(answered.headers['hanaper-receipt']).toMatch(/^zdpu/);
    const told = place.server.events.filter(({ name }) => name === 'command.refused');
    expect(told).toMatchObject([{ reason: 'log_tampered', details: { command: '/log/proof' } }]);
  });
});
