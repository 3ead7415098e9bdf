import type { Mutant } from './mutant.ts';

/** The entry point, and what is believed of rows. */
export const authorityMutants: readonly Mutant[] = [
  {
    breaks: "An organisation's public key is not taken in as a private one.",
    file: 'src/authority/keys/key-rules.ts',
    from: 'const known = [authority.publicKey, ...organisations, ...(await listPublicKeys(transaction))];',
    to: 'const known = [authority.publicKey, ...organisations.slice(organisations.length), ...(await listPublicKeys(transaction))];',
    tests: ['test/authority/commands/import-key.test.ts'],
  },
  {
    breaks: 'A key that is compromised is never trusted again.',
    file: 'src/authority/keys/key-rules.ts',
    from: 'if (!(await isCompromised(transaction, fingerprint))) return;',
    to: 'if ((await isCompromised(transaction, fingerprint)) !== undefined) return;',
    tests: ['test/authority/commands/revocation.test.ts'],
  },
  {
    breaks: 'A revoked key signs nothing.',
    file: 'src/authority/keys/key-rules.ts',
    from: 'if (revokedAt === null) return;',
    to: 'if (revokedAt === null || keyName !== "") return;',
    tests: ['test/authority/commands/key.test.ts', 'test/authority/commands/revocation.test.ts'],
  },
  {
    breaks: 'A public key is the one of its fingerprint.',
    file: 'src/authority/keys/key-rules.ts',
    from: 'if (publicKey instanceof Uint8Array && fingerprintOf(stored) === keyFingerprint) return stored;',
    to: 'if (publicKey instanceof Uint8Array) return stored;',
    tests: ['test/authority/keys/key-rules.test.ts'],
  },
  {
    breaks: 'An invocation is addressed to the authority that executes it.',
    file: 'src/authority/execution/authorize.ts',
    from: 'if (audience === undefined || audience === authority) return;',
    to: 'if (audience !== "") return;',
    tests: ['test/authority/execution/authorize.test.ts'],
  },
  {
    breaks: 'An invocation expires within fifteen minutes.',
    file: 'src/authority/execution/authorize.ts',
    from: 'if (expiration !== null && expiration <= now + longestLifetime) return;',
    to: 'if (expiration !== null) return;',
    tests: ['test/authority/execution/authorize.test.ts'],
  },
  {
    breaks: 'A row is not written anew where somebody has altered it.',
    file: 'src/authority/log/check-rows.ts',
    from: 'unwritten.push(...those.filter((row) => !isWritten(row, last.get(row.key))));',
    to: 'unwritten.push(...those.filter((row) => last.get(row.key) !== undefined && row.key === ""));',
    tests: ['test/authority/altered-rows.test.ts'],
  },
  {
    breaks: 'What stands in the database is what was meant.',
    file: 'src/authority/log/check-rows.ts',
    from: 'if (!salt || !equalBytes(digestEffect(salt, { table, key, row }), digest)) throw unmeant(table, key);',
    to: 'if (!salt) throw unmeant(table, key);',
    tests: ['test/authority/altered-rows.test.ts'],
  },
  {
    breaks: 'An old copy of a database is not signed on.',
    file: 'src/authority/log/check-continuity.ts',
    from: "if (entries < before.size) throw rolledBack('shorter', before, entries, source);",
    to: 'if (entries < before.size) return;',
    tests: ['test/authority/log/check-continuity.test.ts'],
  },
];
