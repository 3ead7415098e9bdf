import type { Command } from 'commander';
import { addVerb } from '../define.ts';
import type { Output } from '../output.ts';

/** `policy set`, `show`, `clear`. */
export function addPolicyVerbs(policy: Command, output: Output): void {
  addVerb(policy, output, {
    usage: 'set FILE',
    summary: 'Set what is asked of signatures, by a JSON file or "-"',
    example: 'hanaper policy set policy.json',
    remote: true,
    act: async (session, _, file) => (await import('../commands/policy.ts')).set(session, file),
  });
  addVerb(policy, output, {
    usage: 'show',
    summary: 'Show what is asked of signatures',
    example: 'hanaper policy show',
    remote: true,
    act: async (session) => (await import('../commands/policy.ts')).show(session),
  });
  addVerb(policy, output, {
    usage: 'clear',
    summary: 'Ask for one good signature, and nothing else',
    example: 'hanaper policy clear',
    remote: true,
    act: async (session) => (await import('../commands/policy.ts')).clear(session),
  });
}
