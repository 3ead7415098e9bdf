import type { Command } from 'commander';
import type { ProofOptions } from '../commands/log-proof.ts';
import type { ShowOptions } from '../commands/log-show.ts';
import { addVerb, option, wholeCount, wholeIndex } from '../define.ts';
import type { Output } from '../output.ts';

/** `log show`, `key`, `proof`, `verify`, `export`, `forget`. */
export function addLogVerbs(log: Command, output: Output): void {
  addVerb<ShowOptions>(log, output, {
    usage: 'show',
    summary: 'Show the last entries: what was done, by whom, and with which result',
    example: 'hanaper log show --limit 50',
    options: [
      option('--from <index>', 'begin with this entry instead', wholeIndex),
      option('--limit <n>', 'how many (default: 20)', wholeCount),
      option('--watch', 'then each that follows, until Ctrl-C; with --json a line for each'),
    ],
    remote: true,
    act: async (session, options) => (await import('../commands/log-show.ts')).show(session, options),
  });
  addVerb(log, output, {
    usage: 'key',
    summary: 'Show the key that verifies checkpoints of the log, for tools that read signed notes',
    example: 'hanaper log key',
    remote: true,
    act: async (session) => (await import('../commands/log-key.ts')).showKey(session),
  });
  addVerb<ProofOptions>(log, output, {
    usage: 'proof ENTRY',
    summary: 'Prove that an entry stands in the log, by its index or the CID of its receipt',
    example: 'hanaper log proof 17 --output entry-17.json',
    options: [option('--output <file>', 'write the proof to a file, or "-" for standard output')],
    remote: true,
    act: async (session, options, entry) => (await import('../commands/log-proof.ts')).prove(session, entry, options),
  });
  addVerb(log, output, {
    usage: 'verify [FILE]',
    summary: 'Check a database against its log, an export of a log, or the proof of an entry',
    example: 'hanaper log verify acme.log --authority did:key:z6Mk…',
    instead: 'Export the log beside the database ("hanaper log export FILE"), and verify the file.',
    act: async (session, _, file) => (await import('../commands/log-verify.ts')).verify(session, file),
  });
  addVerb(log, output, {
    usage: 'export FILE',
    summary: 'Write the whole log into a file, or "-" for standard output, to be verified elsewhere',
    example: 'hanaper log export acme.log',
    instead: 'Export beside the database.',
    act: async (session, _, file) => (await import('../commands/log-export.ts')).exportTo(session, file),
  });
  addVerb(log, output, {
    usage: 'forget',
    summary: 'Forget what this machine has seen of the log of a database or a server, after a backup was restored',
    example: 'hanaper log forget --db sqlite:hanaper.db',
    remote: true,
    act: async (session) => (await import('../commands/log-forget.ts')).forget(session),
  });
}
