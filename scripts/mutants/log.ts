import type { Mutant } from './mutant.ts';

/** The log, its checkpoints, and audits of both. */
export const logMutants: readonly Mutant[] = [
  {
    breaks: 'A receipt is not dated after its entry.',
    file: 'src/authority/audit/entry-checker.ts',
    from: 'token.issuedAt !== undefined && token.issuedAt <= toSeconds(entry.enrolledAt)',
    to: 'token.issuedAt !== undefined',
    tests: ['test/authority/audit/entry-checker.test.ts'],
  },
  {
    breaks: 'A note is signed by the key that it must have.',
    file: 'src/log/note.ts',
    from: 'if (await verify(key.publicKey, encodeUtf8(text), signature)) continue;',
    to: 'if (signature.length > 0) continue;',
    tests: ['test/log/note.test.ts', 'test/log/checkpoint.test.ts'],
  },
  {
    breaks: 'The key of a log is not that of its authority.',
    file: 'src/log/log-key.ts',
    from: 'if (equalBytes(key.publicKey, identity)) throw',
    to: 'if (key.did === "") throw',
    tests: ['test/log/log-key.test.ts'],
  },
  {
    breaks: 'A consistency proof leads to the root of the older tree.',
    file: 'src/log/consistency.ts',
    from: "if (!equalBytes(roots.old, oldRoot)) throw refused('leads to another root of the older tree');",
    to: '',
    tests: ['test/log/consistency.test.ts'],
  },
  {
    breaks: 'A consistency proof leads to the root of the newer tree.',
    file: 'src/log/consistency.ts',
    from: "if (!equalBytes(roots.new, newRoot)) throw refused('leads to another root of the newer tree');",
    to: '',
    tests: ['test/log/consistency.test.ts'],
  },
  {
    breaks: 'A log that is as long as the one that was seen has the same root.',
    file: 'src/log/check-seen.ts',
    from: "if (now.size === seen.size && !equalBytes(now.root, seen.root)) throw rolledBack('forked', seen, now);",
    to: '',
    tests: ['test/log/check-seen.test.ts'],
  },
  {
    breaks: 'A log does not shrink.',
    file: 'src/log/check-seen.ts',
    from: "if (now.size < seen.size) throw rolledBack('shorter', seen, now);",
    to: '',
    tests: ['test/log/check-seen.test.ts'],
  },
];
