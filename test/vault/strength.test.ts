import { ZxcvbnFactory } from '@zxcvbn-ts/core';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { estimateStrength, preparePassphrase, requireStrongPassphrase } from '../../src/vault/index.ts';
import { expectCode } from '../support/codes.ts';

describe('a passphrase that is easily guessed is refused, with the reason in words:', () => {
  test.each(['password', 'Passw0rd!', '12345678', 'qwertyuiop', 'aaaaaaaaaaaaaaaa', 'letmein2024', 'a', ' '])(
    '%j',
    async (text) => {
      using passphrase = preparePassphrase(text);
      const error = await expectCode('weak_passphrase', () => requireStrongPassphrase(passphrase));
      expect(error.details).toMatchObject({ needed: 3 });
      expect(error.message).toMatch(/easy to guess/);
      if (/\d/.test(text)) expect(JSON.stringify([error.message, error.details])).not.toContain(text);
    },
  );

  test('and the reason is a sentence', async () => {
    using passphrase = preparePassphrase('password');
    const { score, reasons } = await estimateStrength(passphrase);
    expect(score).toBe(0);
    expect(reasons.join(' ')).toMatch(/password/i);
    for (const reason of reasons) expect(reason).toMatch(/^[A-Z].*\s.*/);
  });
});

test.each([
  'correct horse battery staple',
  'vK8#qP2$wM5!zR',
  'örtlich Käfig 7 Zwiebel Moor',
  '\u{1f40e} und sieben Zwiebeln',
])('%j is accepted', async (text) => {
  using passphrase = preparePassphrase(text);
  await requireStrongPassphrase(passphrase);
});

test.each(['a1B!', 'ab', 'password', '\u{1f40e}'])(
  'of a long passphrase of %j repeated, no more than 64 characters are estimated',
  async (part) => {
    const check = vi.spyOn(ZxcvbnFactory.prototype, 'check');
    onTestFinished(() => check.mockRestore());
    using passphrase = preparePassphrase(part.repeat(1024 / new TextEncoder().encode(part).length));
    await estimateStrength(passphrase);
    expect(check.mock.calls.map(([text]) => Array.from(text).length)).toEqual([64]);
  },
);

test('what follows the 64th character neither helps nor harms', async () => {
  using weak = preparePassphrase(`${'a'.repeat(64)}vK8#qP2$wM5!zRfG`);
  await expectCode('weak_passphrase', () => requireStrongPassphrase(weak));
  using short = preparePassphrase('vK8#qP2$wM5!zRfG'.repeat(4));
  using long = preparePassphrase(`${'vK8#qP2$wM5!zRfG'.repeat(4)}password`);
  expect((await estimateStrength(long)).score).toBe((await estimateStrength(short)).score);
});
