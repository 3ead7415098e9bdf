import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeUtf8 } from '../../src/bytes.ts';
import { Secret } from '../../src/crypto/secret.ts';
import { HanaperError } from '../../src/errors.ts';
import { checkAuthority, createVault, preparePassphrase, readPassphrase, unlockVault } from '../../src/vault/index.ts';
import { expectCode } from '../support/codes.ts';
import { leastCosts } from '../support/fixtures.ts';

const textOf = (secret: Secret) => new TextDecoder('utf-8', { ignoreBOM: true }).decode(secret.bytes);
const prepare = (text: string) => textOf(preparePassphrase(text));
const read = (...bytes: readonly (string | number)[]) => {
  const file = Buffer.concat(bytes.map((part) => (typeof part === 'string' ? encodeUtf8(part) : Uint8Array.of(part))));
  return textOf(readPassphrase(Secret.copyOf(file)));
};

const composed = 'caf\u00e9 au lait';
const decomposed = 'cafe\u0301 au lait';

test('a passphrase that was typed composed opens the slot of the decomposed one', async () => {
  const credential = (text: string) => ({ kind: 'passphrase', passphrase: preparePassphrase(text) }) as const;
  const plan = { id: 'slot', createdAt: '2026-03-01T12:00:00.000Z', costs: leastCosts };
  const { vault, authority, slot } = await createVault({ ...plan, credential: credential(decomposed) }, 'passphrase');
  const opened = await unlockVault(await checkAuthority(authority), [slot], credential(composed));
  expect(opened.vault.did).toBe(vault.did);
});

// RFC 8265, section 4.2.2, and its examples in section 4.3.
describe('a passphrase is prepared:', () => {
  test.each([
    ['a plain one stays', 'correct horse battery staple', 'correct horse battery staple'],
    ['upper case stays', 'Correct Horse Battery Staple', 'Correct Horse Battery Staple'],
    ['letters beyond ASCII stay', 'πßå', 'πßå'],
    ['a symbol stays', 'Jack of \u2666s', 'Jack of \u2666s'],
    ['an Ogham space becomes a space', 'foo\u1680bar', 'foo bar'],
    ['a no-break space becomes a space', 'foo\u00a0bar', 'foo bar'],
    ['an ideographic space becomes a space', 'foo\u3000bar', 'foo bar'],
    ['a narrow no-break space becomes a space', 'foo\u202fbar', 'foo bar'],
    ['two spaces stay two', 'foo  bar', 'foo  bar'],
    ['spaces at its ends stay', ' foo ', ' foo '],
    ['letters are composed', decomposed, composed],
    ['compatibility forms stay', 'ﬁne', 'ﬁne'],
    ['full width stays', 'Ａ', 'Ａ'],
  ])('%s', (_, text, expected) => {
    expect(prepare(text)).toBe(expected);
  });

  test('preparing it again changes nothing', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
        try {
          const once = prepare(text);
          expect(prepare(once)).toBe(once);
        } catch (error) {
          if (!(error instanceof HanaperError)) throw error;
        }
      }),
    );
  });
});

describe('a passphrase is refused', () => {
  test.each([
    ['that is empty', ''],
    ['with a control character', 'my cat is a \u0009by'],
    ['with a NUL', 'a\0b'],
    ['with a newline within', 'one\ntwo'],
    ['with a C1 control', 'a\u0085b'],
    ['with a delete', 'a\u007fb'],
    ['with a lone high surrogate', 'a\ud800b'],
    ['with a lone low surrogate', 'a\udc00'],
    ['with an unassigned character', 'a\u0378'],
    ['with a non-character', 'a\uffff'],
    ['of 1,025 bytes', 'a'.repeat(1025)],
    ['of 1,026 bytes in 513 letters', 'é'.repeat(513)],
    ['of a million characters', 'a'.repeat(1_000_000)],
  ])('%s', async (_, text) => {
    const error = await expectCode('bad_input', () => preparePassphrase(text));
    if (text.length > 3) expect(error.message).not.toContain(text);
  });
});

describe('a passphrase is measured in bytes, after it is prepared:', () => {
  test.each([
    ['1,024 letters of one byte', 'a'.repeat(1024), 1024],
    ['512 letters of two bytes', 'é'.repeat(512), 1024],
    ['256 letters of four bytes', '\u{1f600}'.repeat(256), 1024],
    ['500 letters that were typed with two accents each', 'u\u0308\u0301'.repeat(500), 1000],
  ])('%s are accepted', (_, text, length) => {
    expect(preparePassphrase(text)).toHaveLength(length);
  });
});

describe('a passphrase in a file', () => {
  test.each([
    ['loses one newline', ['secret\n'], 'secret'],
    ['loses one newline of Windows', ['secret\r\n'], 'secret'],
    ['may have no newline', ['secret'], 'secret'],
    ['keeps its spaces', [' secret \n'], ' secret '],
    ['is prepared as well', [`${decomposed}\u00a0\n`], `${composed} `],
  ])('%s', (_, bytes, expected) => {
    expect(read(...bytes)).toBe(expected);
  });

  test.each<[string, readonly (string | number)[]]>([
    ['with a second newline', ['secret\n\n']],
    ['with a second newline of Windows', ['secret\r\n\r\n']],
    ['with a carriage return alone', ['secret\r']],
    ['of two lines', ['one\ntwo\n']],
    ['with a byte-order mark', ['\ufeffsecret\n']],
    ['that is not UTF-8', ['secret', 0xe9, '\n']],
    ['in UTF-16', [0xff, 0xfe, 's', 0, 'e', 0]],
    ['that is empty', []],
    ['that is a newline', ['\n']],
    ['that is a newline of Windows', ['\r\n']],
    ['with an encoded surrogate', [0xed, 0xa0, 0x80]],
    ['of more than 1,024 bytes', ['a'.repeat(1025), '\n']],
  ])('%s is refused', async (_, bytes) => {
    await expectCode('bad_input', () => read(...bytes));
  });

  test('of 1,024 bytes and a newline is accepted', () => {
    expect(read('a'.repeat(1024), '\n')).toHaveLength(1024);
  });

  test('stays with its owner: the file is not wiped', () => {
    using file = Secret.copyOf(encodeUtf8('secret\n'));
    using passphrase = readPassphrase(file);
    expect(textOf(file)).toBe('secret\n');
    expect(passphrase.bytes.buffer).not.toBe(file.bytes.buffer);
  });
});
