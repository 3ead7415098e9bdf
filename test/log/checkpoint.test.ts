import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeBase64, encodeUtf8 } from '../../src/bytes.ts';
import { publicKeyOf } from '../../src/crypto/ed25519.ts';
import { Secret } from '../../src/crypto/secret.ts';
import {
  type Checkpoint,
  formatCheckpoint,
  openCheckpoint,
  parseCheckpoint,
  signCheckpoint,
} from '../../src/log/checkpoint.ts';
import { signNote } from '../../src/log/note.ts';
import { parseVerifierKey } from '../../src/log/verifier-key.ts';
import { expectCode, failureOf } from '../support/codes.ts';
import { countUp, flipBit, toHex } from '../support/vectors.ts';

const origin = 'example.com/behind-the-sofa';
const root = 'CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=';
const seed = countUp(32);
const checkpoint: Checkpoint = { origin, size: 20852163, root: decodeBase64(root) ?? new Uint8Array(0) };

async function keyOf(bytes: Uint8Array, name = origin) {
  using key = Secret.copyOf(bytes);
  return { name, publicKey: await publicKeyOf(key) };
}

async function sign(value: Checkpoint, bytes = seed): Promise<Uint8Array> {
  using key = Secret.copyOf(bytes);
  return await signCheckpoint(value, key);
}

describe('a published checkpoint', () => {
  // The example of C2SP tlog-checkpoint.
  test('is read and written', () => {
    const text = `${origin}\n20852163\n${root}\n`;
    expect(parseCheckpoint(text)).toEqual(checkpoint);
    expect(formatCheckpoint(checkpoint)).toBe(text);
  });

  // Those that sum.golang.org has signed; its origin is not the name of its key.
  test.each([
    [
      31700353,
      'qINS1GRFhWHwdkUeqLEoP4yEMkTBBzxBkGwGQlVlVcs=',
      'Az3grnmrIUEDFqHzAElIQCPNoRFRAAdFo47fooyWKMHb89k11GJh5zHIfNCOBmwn/C3YI8oW9/C8DJ87F61QqspBYwM=',
    ],
    [
      65209736,
      '5+uGFjx6xBZG8ip1+wi77v+grwbhhukIrxEUS8PXvRo=',
      'Az3grnbssgK7ubgFX36gVETtNv0U23qxyAhAMai2QUfeGa3nB/akvkMdlUErfcZz7l/R3cVtYspg3dxXABkGZZKdsQ8=',
    ],
  ])('of %i records is good for the key of its log', async (size, hash, signature) => {
    const go = parseVerifierKey('sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8');
    const note = encodeUtf8(`go.sum database tree\n${size}\n${hash}\n\n— sum.golang.org ${signature}\n`);
    const opened = await openCheckpoint(note, go, 'go.sum database tree');
    expect(opened).toEqual({ origin: 'go.sum database tree', size, root: decodeBase64(hash) });
    await expectCode('log_tampered', () => openCheckpoint(note, go));
  });
});

test('any checkpoint is read as it was written', () => {
  const values = fc.record({
    origin: fc.constantFrom('a', origin, 'hanaper/did:key:z6Mk/1', 'журнал'),
    size: fc.maxSafeNat(),
    root: fc.uint8Array({ minLength: 32, maxLength: 32 }),
  });
  fc.assert(
    fc.property(values, (value) => {
      const read = parseCheckpoint(formatCheckpoint(value));
      expect({ ...read, root: toHex(read.root) }).toEqual({ ...value, root: toHex(value.root) });
    }),
  );
});

test('lines that a log added are passed over', () => {
  expect(parseCheckpoint(`${origin}\n20852163\n${root}\nextension\nanother one\n`)).toEqual(checkpoint);
});

describe('an invalid text is refused:', () => {
  test.each([
    ['an empty one', ''],
    ['two lines', `${origin}\n1\n`],
    ['a last line without its end', `${origin}\n1\n${root}`],
    ['no origin', `\n1\n${root}\n`],
    ['no size', `${origin}\n\n${root}\n`],
    ['an empty line behind', `${origin}\n1\n${root}\n\n`],
    ['an empty line among others', `${origin}\n1\n${root}\n\nextension\n`],
    ['a size with a zero before', `${origin}\n01\n${root}\n`],
    ['a size with a sign', `${origin}\n+1\n${root}\n`],
    ['a size below 0', `${origin}\n-1\n${root}\n`],
    ['a size in hexadecimal', `${origin}\n0x1\n${root}\n`],
    ['a size with an exponent', `${origin}\n1e3\n${root}\n`],
    ['a size with a space', `${origin}\n 1\n${root}\n`],
    ['a size in other digits', `${origin}\n١\n${root}\n`],
    ['a size that cannot be counted', `${origin}\n9007199254740992\n${root}\n`],
    ['a size without end', `${origin}\n${'9'.repeat(10_000)}\n${root}\n`],
    ['a root of 31 bytes', `${origin}\n1\n${root.replace('q2I=', 'qw==')}\n`],
    ['a root of 33 bytes', `${origin}\n1\n${root.replace('q2I=', 'q2IA')}\n`],
    ['a root without padding', `${origin}\n1\n${root.replace('=', '')}\n`],
    ['a root with stray bits', `${origin}\n1\n${root.replace('q2I=', 'q2J=')}\n`],
    ['a root without end', `${origin}\n1\n${'A'.repeat(100_000)}\n`],
  ])('%s', async (_, text) => {
    const { details } = await expectCode('log_tampered', () => parseCheckpoint(text));
    expect(details['what']).toBe('checkpoint');
  });
});

describe('a signed checkpoint', async () => {
  const note = await sign(checkpoint);
  const key = await keyOf(seed);

  test('is good for its log', async () => {
    expect(await openCheckpoint(note, key)).toEqual(checkpoint);
  });

  test('is good for no other key of that name, and no other name of that key', async () => {
    await expectCode('log_tampered', async () => openCheckpoint(note, await keyOf(countUp(32, 1))));
    await expectCode('log_tampered', async () => openCheckpoint(note, await keyOf(seed, 'example.com/other')));
  });

  test('of another log, by the same key and name, is not of this one', async () => {
    using secret = Secret.copyOf(seed);
    const text = formatCheckpoint({ ...checkpoint, origin: 'example.com/other' });
    const { details } = await expectCode('log_tampered', async () =>
      openCheckpoint(await signNote({ text, name: origin, key: secret }), key),
    );
    expect(details).toMatchObject({ what: 'checkpoint', expected: origin, actual: 'example.com/other' });
  });

  test('is no checkpoint if its text is invalid', async () => {
    using secret = Secret.copyOf(seed);
    const signed = await signNote({ text: 'I owe you nothing.\n', name: origin, key: secret });
    await expectCode('log_tampered', () => openCheckpoint(signed, key));
  });

  test('in which any bit is turned is refused', async () => {
    for (let bit = 0; bit < note.length * 8; bit++) {
      await expectCode('log_tampered', () => openCheckpoint(flipBit(note, bit), key));
    }
  });
});

test('writing what is no checkpoint is the mistake of the program', async () => {
  for (const wrong of [
    { origin: '' },
    { origin: 'a b' },
    { origin: 'a\nb' },
    { size: -1 },
    { size: 0.5 },
    { size: 2 ** 53 },
    { root: new Uint8Array(31) },
  ]) {
    expect(await failureOf(() => formatCheckpoint({ ...checkpoint, ...wrong }))).toBeInstanceOf(TypeError);
  }
});

describe('the checkpoint before', () => {
  const root = countUp(32);
  const at = (before?: number) => ({ origin: 'a', size: 7, root, ...(before !== undefined && { before }) });

  test.each([undefined, 0, 3, 7])('of %s entries is written, and read back', (before) => {
    expect(parseCheckpoint(formatCheckpoint(at(before)))).toEqual(at(before));
  });

  test.each(['hanaper before -1', 'hanaper before 01', 'hanaper before 3 ', 'another before 3', 'x'])(
    'is not named by the line "%s", which is passed over',
    (line) => {
      expect(parseCheckpoint(`${formatCheckpoint(at())}${line}\n`)).toEqual(at());
    },
  );

  test.each([-1, 8, 0.5])('of %s entries is the mistake of the program', (before) => {
    expect(() => formatCheckpoint(at(before))).toThrow(TypeError);
  });
});
