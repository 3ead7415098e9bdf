import type { Command } from 'commander';
import { addNoun, addVerb } from '../define.ts';
import type { Output } from '../output.ts';

/** `log verify`, `export`. */
export function addLogCommands(program: Command, output: Output): void {
  const log = addNoun(program, 'log', 'The log of all that was done');
  addVerb(log, output, {
    usage: 'verify [FILE]',
    summary: 'Hold a database against its log, or check an export of a log',
    example: 'hanaper log verify acme.log --authority did:key:z6Mk…',
    instead: 'Export the log beside the database ("hanaper log export FILE"), and verify the file.',
    act: async (session, _, file) => (await import('../commands/log-verify.ts')).verify(session, file),
  });
  addVerb(log, output, {
    usage: 'export FILE',
    summary: 'Write the whole log into a file, to be verified elsewhere',
    example: 'hanaper log export acme.log',
    instead: 'Export beside the database.',
    act: async (session, _, file) => (await import('../commands/log-export.ts')).exportTo(session, file),
  });
}
