import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concatBytes, decodeBase64, encodeUtf8 } from '../../src/bytes.ts';
import { Secret } from '../../src/crypto/secret.ts';
import { type Note, parseNote, signNote, verifyNote } from '../../src/log/note.ts';
import { parseVerifierKey } from '../../src/log/verifier-key.ts';
import { expectCode, expectOnlyHanaperErrors, failureOf } from '../support/codes.ts';
import { countUp, flipBit, toHex } from '../support/vectors.ts';

// The keys, text and signatures that golang.org/x/mod/sumdb/note tests with.
const peter = parseVerifierKey('PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW');
const enoch = parseVerifierKey('EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop');
const peterSeed = decodeBase64('AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz')?.subarray(1) ?? new Uint8Array(0);
const text = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
const byPeter =
  '— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n';
const byEnoch =
  '— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n';
const whole = encodeUtf8(`${text}\n${byPeter}`);

function read(note: string): Note {
  return parseNote(encodeUtf8(note));
}

describe('a published note', () => {
  test('is what signing makes', async () => {
    using key = Secret.copyOf(peterSeed);
    expect(toHex(await signNote({ text, name: 'PeterNeumann', key }))).toBe(toHex(whole));
  });

  test('is good for the key that signed it, and for no other', async () => {
    expect(await verifyNote(parseNote(whole), peter)).toBe(text);
    await expectCode('log_tampered', () => verifyNote(parseNote(whole), enoch));
  });

  test('of two signatures is good for either', async () => {
    for (const lines of [byPeter + byEnoch, byEnoch + byPeter]) {
      expect(await verifyNote(read(`${text}\n${lines}`), peter)).toBe(text);
      expect(await verifyNote(read(`${text}\n${lines}`), enoch)).toBe(text);
    }
  });

  // The example of C2SP signed-note; its key is not published.
  test('can have empty lines in its text', () => {
    const poem = 'Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\ned è subito sera.\n';
    const line =
      '— quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=\n';
    const note = read(`${poem}\n${line}`);
    expect(note.text).toBe(poem);
    expect(note.signatures).toHaveLength(1);
    expect(note.signatures[0]).toMatchObject({ name: 'quasimodo.example/salvatore' });
    expect(note.signatures[0]?.signature).toHaveLength(64);
  });
});

describe('a signature by another key is passed over:', () => {
  const stranger = byPeter.replace('PeterNeumann', 'CarmenSandiego');
  const sameName = byPeter.replace('x08g', 'xxxx');
  test.each([
    ['one of another name', stranger],
    ['one of the same name, with another identifier', sameName],
    ['one that is longer than any of Ed25519', `— witness.example ${'AAAA'.repeat(1000)}\n`],
    ['fifteen of them', Array.from({ length: 15 }, (_, i) => byEnoch.replace('EnochRoot', `Enoch${i}`)).join('')],
  ])('%s', async (_, line) => {
    expect(await verifyNote(read(`${text}\n${line}${byPeter}`), peter)).toBe(text);
    await expectCode('log_tampered', () => verifyNote(read(`${text}\n${line}`), peter));
  });
});

describe('a signature by the key that is bad refuses the note, though', () => {
  const bad = byPeter.replace('SffcvIAQ', 'SffcvIAR');
  test('another key signed it', async () => {
    expect(await verifyNote(read(`${text}\n${bad}${byEnoch}`), enoch)).toBe(text);
    await expectCode('log_tampered', () => verifyNote(read(`${text}\n${bad}${byEnoch}`), peter));
  });

  test('a good one by it stands beside, before or behind', async () => {
    for (const lines of [bad + byPeter, byPeter + bad]) {
      await expectCode('log_tampered', () => verifyNote(read(`${text}\n${lines}`), peter));
    }
  });

  test.each([
    ['it only is longer', byPeter.replace('fqdng', 'fqABCDdng')],
    ['it only is shorter', byPeter.replace('fqdngotp', 'fqdn')],
  ])('%s', async (_, line) => {
    await expectCode('log_tampered', () => verifyNote(read(`${text}\n${line}`), peter));
  });
});

test('a note in which any bit is turned is refused', async () => {
  for (let bit = 0; bit < whole.length * 8; bit++) {
    const changed = flipBit(whole, bit);
    await expectCode('log_tampered', async () => verifyNote(parseNote(changed), peter));
  }
});

describe('what is no note is refused', () => {
  // The first seven are those of golang.org/x/mod/sumdb/note.
  test.each([
    ['a text alone', text],
    ['a text and an empty line', `${text}\n`],
    ['a last line without its end', `${text}\n${byPeter.slice(0, -1)}`],
    ['a control character', `\u0001${text}\n${byPeter}`],
    ['a name with a space', `${text}\n${byPeter.replace('PeterNeumann', 'Bad Name')}`],
    ['a line behind that is no signature', `${text}\n${byPeter}Unexpected line.\n`],
    ['too many signatures', `${text}\n${byPeter.repeat(101)}`],
    ['17 signatures', `${text}\n${Array.from({ length: 17 }, (_, i) => byPeter.replace('Peter', `${i}`)).join('')}`],
    ['nothing', ''],
    ['an empty line', '\n'],
    ['two empty lines', '\n\n'],
    ['no text', byPeter],
    ['a signature right under the text', text + byPeter],
    ['a carriage return', `${text}\n${byPeter}`.replaceAll('\n', '\r\n')],
    ['a tab', `${text}\t\n\n${byPeter}`],
    ['a hyphen', `${text}\n${byPeter.replace('—', '-')}`],
    ['a dash of another length', `${text}\n${byPeter.replace('—', '–')}`],
    ['no space behind the dash', `${text}\n${byPeter.replace('— ', '—')}`],
    ['two spaces', `${text}\n${byPeter.replace('— ', '—  ')}`],
    ['a space at the end', `${text}\n${byPeter.replace('=\n', '= \n')}`],
    ['a name with a plus', `${text}\n${byPeter.replace('Neumann', '+')}`],
    ['a name with a space that does not break', `${text}\n${byPeter.replace('Neumann', '\u00a0')}`],
    ['no name', `${text}\n${byPeter.replace('PeterNeumann', '')}`],
    ['a signature without padding', `${text}\n${byPeter.replace('=', '')}`],
    ['a signature in the other base64', `${text}\n${byPeter.replace('/', '_')}`],
    ['a signature of an identifier alone', `${text}\n— PeterNeumann x08gow==\n`],
    ['more than 192 KiB', `${'a'.repeat(192 * 1024)}\n\n${byPeter}`],
  ])('%s', async (_, note) => {
    const { details } = await expectCode('log_tampered', () => read(note));
    expect(details['what']).toBe('note');
  });

  test('bytes that are no UTF-8', async () => {
    await expectCode('log_tampered', () => parseNote(concatBytes(Uint8Array.of(0xff), whole)));
    await expectCode('log_tampered', () =>
      parseNote(concatBytes(whole.subarray(0, 20), Uint8Array.of(0xc0, 0x80), whole)),
    );
  });

  test('a byte-order mark before the text, which nobody signed', async () => {
    const marked = concatBytes(Uint8Array.of(0xef, 0xbb, 0xbf), whole);
    await expectCode('log_tampered', async () => verifyNote(parseNote(marked), peter));
  });
});

describe('a note that others have signed as well', () => {
  test('may have sixteen signatures as long as those of algorithms yet to come', async () => {
    const signature = Buffer.alloc(5 * 1024, 7).toString('base64');
    const others = Array.from({ length: 15 }, (_, i) => `— witness-${i}.example ${signature}\n`).join('');
    expect(await verifyNote(read(`${text}\n${others}${byPeter}`), peter)).toBe(text);
  });

  test('may have two signatures of one name and identifier by a key that is not known', async () => {
    const stranger = byPeter.replace('PeterNeumann', 'CarmenSandiego');
    expect(await verifyNote(read(`${text}\n${stranger}${byPeter}${stranger}`), peter)).toBe(text);
  });

  test('is good where the known key has signed it twice, and is not where one of these is another', async () => {
    expect(await verifyNote(read(`${text}\n${byPeter}${byPeter}`), peter)).toBe(text);
    const forged = byPeter.replace('o/ZJ', 'o/ZK');
    for (const lines of [byPeter + forged, forged + byPeter]) {
      await expectCode('log_tampered', () => verifyNote(read(`${text}\n${lines}`), peter));
    }
  });
});

test('whatever the bytes are, they are a note or refused', () => {
  const parts = fc.constantFrom(text, byPeter, byEnoch, '\n', '\n\n', '— ', ' ', 'a', '+', '=', '\u0000', '\u2028');
  const notes = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc.array(parts, { maxLength: 10 }).map((some) => encodeUtf8(some.join(''))),
  );
  fc.assert(
    fc.property(notes, (bytes) => expectOnlyHanaperErrors(() => parseNote(bytes))),
    { numRuns: 500 },
  );
});

test('any text that ends its last line can be signed, and is what was signed', async () => {
  using key = Secret.copyOf(peterSeed);
  const texts = fc.array(fc.string({ unit: 'grapheme' }).map((line) => line.replaceAll(/\p{Cc}/gu, '')));
  await fc.assert(
    fc.asyncProperty(texts, async (lines) => {
      const signed = `${lines.join('\n')}\n`;
      const note = parseNote(await signNote({ text: signed, name: 'PeterNeumann', key }));
      expect(await verifyNote(note, peter)).toBe(signed);
    }),
  );
});

test('signing what is no text or no name is the mistake of the program', async () => {
  using key = Secret.copyOf(countUp(32));
  for (const [wrong, name] of [
    ['abc', 'a'],
    ['', 'a'],
    ['a\tb\n', 'a'],
    ['a\r\n', 'a'],
    ['\ud800\n', 'a'],
    ['abc\n', 'bad name'],
    ['abc\n', 'a+b'],
    ['abc\n', ''],
    [`${'a'.repeat(192 * 1024)}\n`, 'a'],
  ] as const) {
    expect(await failureOf(() => signNote({ text: wrong, name, key }))).toBeInstanceOf(TypeError);
  }
});
