import { describe, expect, test } from 'vitest';
import { decodeEnvelope, decodeToken, decodeVarsig, encodeVarsig, isSignatureValid } from '../../src/ucan/index.ts';
import { expectCode } from '../support/codes.ts';
import { keyTypes, principal, rawDelegation } from '../support/ucan.ts';
import { fromHex, toHex } from '../support/vectors.ts';

const alice = await principal('alice');

describe('a varsig header', () => {
  // Varsig v1, of DAG-CBOR.
  test.each([
    ['ed25519' as const, '3401ed01ed011371'],
    ['p256' as const, '3401ec0180241271'],
    ['secp256k1' as const, '3401ec01e7011271'],
  ])('of %s is %s', (keyType, hex) => {
    expect(toHex(encodeVarsig(keyType))).toBe(hex);
    expect(decodeVarsig(fromHex(hex))).toEqual({ keyType, version: 1 });
  });

  test('of version 0 is read, and never written', async () => {
    const header = fromHex('34ed0171');
    expect(decodeVarsig(header)).toEqual({ keyType: 'ed25519', version: 0 });
    const made = decodeToken(await rawDelegation(alice, {}, { header }));
    expect(await isSignatureValid(made)).toBe(true);
    for (const keyType of keyTypes) expect(encodeVarsig(keyType)[1]).toBe(1);
  });

  test.each([
    ['of nothing', ''],
    ['of P-384', '3401ec0181242071'],
    ['of P-521', '3401ec0182241371'],
    ['of RSA', '3401852412800271'],
    ['of Ed25519 over raw bytes', '3401ed01ed01135f'],
    ['of Ed25519 with SHA-256', '3401ed01ed011271'],
    ['of P-256 with SHA-512', '3401ec0180241371'],
    ['of a later version', '3402ed01ed011371'],
    ['of another prefix', '3501ed01ed011371'],
    ['with a byte too many', '3401ed01ed01137100'],
    ['with a byte too few', '3401ed01ed0113'],
    ['of a thousand bytes', '34'.repeat(1000)],
  ])('%s is malformed', async (_, hex) => {
    const bytes = await rawDelegation(alice, {}, { header: fromHex(hex) });
    expect((await expectCode('malformed_token', () => decodeEnvelope(bytes))).details).toMatchObject({ field: 'h' });
  });
});
