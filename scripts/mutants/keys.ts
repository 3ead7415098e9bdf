import type { Mutant } from './mutant.ts';

/** Keys, secrets and what opens them. */
export const keyMutants: readonly Mutant[] = [
  {
    breaks: 'The public key that PKCS#8 of version 1 states beside an Ed25519 key is its own.',
    file: 'src/crypto/key-format.ts',
    from: 'if (equalBytes(await publicKeyOf(seed), stated)) return seed;',
    to: 'if (equalBytes(await publicKeyOf(seed), await publicKeyOf(seed))) return seed;',
    tests: ['test/crypto/key-format.test.ts'],
  },
  {
    breaks: 'The public key that PKCS#8 of version 1 states beside an EC key is its own.',
    file: 'src/crypto/ec-private-key.ts',
    from: 'for (const stated of [fields.publicKey, outerPublicKey]) {',
    to: 'for (const stated of [fields.publicKey]) {',
    tests: ['test/did/identity-key-file.test.ts'],
  },
  {
    breaks: 'A point of small order is no public key.',
    file: 'src/crypto/edwards25519.ts',
    from: "return smallOrderY.has(y) ? 'small-order' : 'valid';",
    to: "return 'valid';",
    tests: ['test/crypto/edwards25519.test.ts'],
  },
  {
    breaks: 'A public key is canonical.',
    file: 'src/crypto/edwards25519.ts',
    from: "if (y >= p) return 'non-canonical';",
    to: "if (y > p) return 'non-canonical';",
    tests: ['test/crypto/edwards25519.test.ts'],
  },
  {
    breaks: 'A secret is overwritten when its block ends.',
    file: 'src/crypto/secret.ts',
    from: 'this.#bytes?.fill(0);',
    to: '',
    tests: ['test/crypto/secret.test.ts'],
  },
  {
    breaks: 'What is moved into a secret is overwritten where it was.',
    file: 'src/secret-bytes.ts',
    from: '  const taken = copySecret(bytes);\n  bytes.fill(0);',
    to: '  const taken = copySecret(bytes);',
    tests: ['test/secret-bytes.test.ts'],
  },
  {
    breaks: 'An encrypted key file asks for no more memory than it may.',
    file: 'src/crypto/pbes2.ts',
    from: 'if (memory > pbes2Limits.scryptMemory || work > pbes2Limits.scryptWork) throw tooCostly();',
    to: 'if (work > pbes2Limits.scryptWork) throw tooCostly();',
    tests: ['test/crypto/pbes2.test.ts'],
  },
  {
    breaks: 'A key slot that was altered is not opened.',
    file: 'src/vault/slot.ts',
    from: 'const signed = isWithinBounds(slot) && (await verify(publicKey, encodeSlot(slot, authorityDid), slot.signature));',
    to: 'const signed = isWithinBounds(slot);',
    tests: ['test/vault/slot.test.ts', 'test/vault/unlock.test.ts'],
  },
  {
    breaks: 'Nothing is derived at costs beyond the bounds.',
    file: 'src/vault/slot.ts',
    from: "if (kind === 'raw' ? costs !== null : costs === null || !areCostsWithinBounds(costs)) return false;",
    to: '',
    tests: ['test/vault/slot.test.ts', 'test/vault/unlock.test.ts'],
  },
  {
    breaks: 'A vault is that of the authority whose slot was opened.',
    file: 'src/vault/unlock.ts',
    from: 'if (equalBytes(vault.publicKey, authority.publicKey)) return vault;',
    to: 'return vault;',
    tests: ['test/vault/unlock.test.ts'],
  },
  {
    breaks: 'A sealed key opens in its own row alone.',
    file: 'src/vault/vault.ts',
    from: "return encode(['hanaper/v1/sealed-key', kind, rowId, organisationId, fingerprint]);",
    to: "return encode(['hanaper/v1/sealed-key', kind, organisationId, fingerprint, rowId.length]);",
    tests: ['test/vault/vault.test.ts'],
  },
  {
    breaks: 'An authority row says of itself what was signed.',
    file: 'src/vault/authority-statement.ts',
    from: 'const whole = known && equalBytes(encodeAuthorityStatement(row), row.statement);',
    to: 'const whole = known;',
    tests: ['test/vault/authority-statement.test.ts'],
  },
];
