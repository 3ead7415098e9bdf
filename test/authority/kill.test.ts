import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { openAuthority, validateAuthority } from '../../src/authority/index.ts';
import { Child } from '../store/children/child.ts';
import { byRawKey, createAuthority, openUnlocked, query } from '../support/authority.ts';
import { failureOf } from '../support/codes.ts';
import { engines } from '../support/engines.ts';

// HANAPER_KILLS=1000 is for a night.
const kills = Number(process.env['HANAPER_KILLS'] ?? 3);

const changeScript = new URL('./children/change-credential.ts', import.meta.url);
const createScript = new URL('./children/create-keys.ts', import.meta.url);

describe.each(engines)('$name', (engine) => {
  test('a process that is killed while it changes the credential leaves the old one or the new one', async () => {
    const url = await engine.createUrl();
    const { authority } = await createAuthority(url);
    await authority.close();
    let current = 1;
    let typical = 0;
    for (let round = 0; round <= kills; round++) {
      const next = current === 1 ? 2 : 1;
      const child = new Child(changeScript, [url, String(current), String(next)]);
      await child.hear();
      const started = performance.now();
      child.go();
      // The first one is let be, to learn how long it takes.
      if (round === 0) expect(await child.hear()).toBe('ok');
      else await sleep(Math.random() * typical);
      if (round === 0) typical = performance.now() - started;
      await child.kill();
      const working = await opening([1, 2], url);
      expect(working).toHaveLength(1);
      if (round === 0) expect(working).toEqual([next]);
      current = working[0] ?? 0;
      await expectValid(url, current);
      expect(await query(url, 'select id from key_slots')).toHaveLength(1);
    }
  });

  test('a process that is killed while it creates keys leaves each with its trust, or neither', async () => {
    const url = await engine.createUrl();
    const { authority } = await createAuthority(url);
    await authority.close();
    const announced: string[] = [];
    let typical = 0;
    for (let round = 0; round <= kills; round++) {
      const child = new Child(createScript, [url, '20', `round-${round}`]);
      await child.hear();
      const started = performance.now();
      child.go();
      const heard = child.rest<{ name: string; outcome: string }>();
      if (round === 0) await heard;
      else await sleep(Math.random() * typical);
      if (round === 0) typical = performance.now() - started;
      await child.kill();
      for (const { name, outcome } of await heard) {
        expect(outcome).toBe('ok');
        announced.push(name);
      }
      await expectValid(url, 1);
      const made = await query(url, 'select key_name, key_fingerprint, public_key from signing_keys order by id');
      const trusted = await query(url, 'select key_name, key_fingerprint, public_key from trusted_keys order by id');
      expect(new Set(made.map(toText))).toEqual(new Set(trusted.map(toText)));
      const names = made.map((row) => row['key_name']);
      expect(new Set(names).size).toBe(names.length);
      expect(names).toEqual(expect.arrayContaining(announced));
    }
    expect(announced.length).toBeGreaterThanOrEqual(20);
  });
});

function toText(row: Record<string, unknown>): string {
  return `${row['key_name']} ${row['key_fingerprint']} ${Buffer.from(row['public_key'] as Uint8Array).toString('hex')}`;
}

async function opening(bytes: readonly number[], url: string): Promise<number[]> {
  await using authority = await openAuthority({ database: url });
  const working: number[] = [];
  for (const byte of bytes) {
    const failure = await failureOf(() => authority.unlock(byRawKey(byte)));
    if (failure === undefined) working.push(byte);
    else expect(failure).toMatchObject({ code: 'wrong_passphrase' });
  }
  return working;
}

async function expectValid(url: string, byte: number): Promise<void> {
  await using authority = await openUnlocked(url, {}, byRawKey(byte));
  expect(await validateAuthority(authority, byRawKey(byte))).toMatchObject({ valid: true, sealed_keys_opened: true });
}
