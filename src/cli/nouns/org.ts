import type { Command } from 'commander';
import type { SetOptions } from '../commands/org.ts';
import { addVerb, choice } from '../define.ts';
import type { Output } from '../output.ts';

/** `org create`, `list`, `show`, `set`. */
export function addOrgVerbs(org: Command, output: Output): void {
  addVerb(org, output, {
    usage: 'create NAME',
    summary: 'Create an organisation',
    example: 'hanaper org create acme',
    remote: true,
    act: async (session, _, name) => (await import('../commands/org.ts')).create(session, name),
  });
  addVerb(org, output, {
    usage: 'list',
    summary: 'List the organisations',
    example: 'hanaper org list',
    remote: true,
    act: async (session) => (await import('../commands/org.ts')).list(session),
  });
  addVerb(org, output, {
    usage: 'show NAME',
    summary: 'Show one organisation',
    example: 'hanaper org show acme',
    remote: true,
    act: async (session, _, name) => (await import('../commands/org.ts')).show(session, name),
  });
  addVerb<SetOptions>(org, output, {
    usage: 'set NAME',
    summary: 'Change what an organisation may do',
    example: 'hanaper org set acme --hash-signatures on',
    options: [
      choice('--hash-signatures <on|off>', 'whether the bare hash may be signed', ['on', 'off']),
      choice('--public-verification <on|off>', 'whether anybody may ask a server what it trusts', ['on', 'off']),
    ],
    remote: true,
    act: async (session, options, name) => (await import('../commands/org.ts')).set(session, name, options),
  });
}
