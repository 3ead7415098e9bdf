import { describe, expect, test } from 'vitest';
import { decodeEnvelope, decodeToken, decodeVarsig, encodeVarsig, isSignatureValid } from '../../../src/ucan/index.ts';
import { expectCode } from '../../support/codes.ts';
import { keyTypes, principal, rawDelegation } from '../../support/ucan.ts';
import { fromHex, toHex } from '../../support/vectors.ts';

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

  test.each([
    [{ keyType: 'p384', version: 1 }, '3401ec0181242071'],
    [{ keyType: 'p521', version: 1 }, '3401ec0182241371'],
    [{ keyType: 'rsa', version: 1, rsaBytes: 256 }, '3401852412800271'],
    [{ keyType: 'rsa', version: 1, rsaBytes: 384 }, '3401852412800371'],
    [{ keyType: 'rsa', version: 1, rsaBytes: 512 }, '3401852412800471'],
  ])('of %o is %s', (varsig, hex) => {
    expect(decodeVarsig(fromHex(hex))).toEqual(varsig);
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
    ['of P-384 with SHA-256', '3401ec0181241271'],
    ['of P-521 with SHA-384', '3401ec0182242071'],
    ['of RSA with SHA-512', '3401852413800271'],
    ['of RSA of 1024 bits', '3401852412800171'],
    ['of RSA of 2040 bits', '3401852412ff0171'],
    ['of RSA of 4104 bits', '3401852412810471'],
    ['of RSA of 8192 bits', '3401852412800871'],
    ['of RSA with a length in one byte more', '340185241280820071'],
    ['of RSA with a length that ends late', '3401852412808271'],
    ['of RSA with a length that ends early', '3401852412000271'],
    ['of RSA over raw bytes', '340185241280025f'],
    ['of RSA without its length', '340185241271'],
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
