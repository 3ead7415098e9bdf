import type { Command } from 'commander';
import type { AclOptions } from '../commands/acl.ts';
import { addNoun, addVerb, option, required } from '../define.ts';
import type { Output } from '../output.ts';
import { type RevocationOptions, revocationOptions } from '../revocation-options.ts';

/** `trust add`, `list`, `revoke`. */
export function addTrustCommands(program: Command, output: Output): void {
  const trust = addNoun(program, 'trust', 'Trusted keys');
  addVerb<{ readonly name?: string }>(trust, output, {
    usage: 'add FILE',
    summary: 'Trust a public key: SPKI PEM or 32 raw bytes',
    example: 'hanaper trust add vendor.pem --name vendor',
    options: [option('--name <name>', 'a name for the key (default: the name of the file)')],
    remote: true,
    act: async (session, { name }, file) => (await import('../commands/trust.ts')).add(session, file, name),
  });
  addVerb(trust, output, {
    usage: 'list',
    summary: 'List what is trusted, and through whom',
    example: 'hanaper trust list',
    remote: true,
    act: async (session) => (await import('../commands/trust.ts')).list(session),
  });
  addVerb<RevocationOptions>(trust, output, {
    usage: 'revoke FINGERPRINT',
    summary: 'Stop trusting a key',
    example: 'hanaper trust revoke 3b6f…64 hex characters… --reason expired',
    options: revocationOptions,
    remote: true,
    act: async (session, options, fingerprint) =>
      (await import('../commands/trust.ts')).revoke(session, fingerprint, options),
  });
}

/** `acl grant`, `revoke`, `list`. */
export function addAclCommands(program: Command, output: Output): void {
  const acl = addNoun(program, 'acl', 'Trust between organisations');
  const options = [
    required('--parent <org>', 'the organisation that accepts'),
    required('--child <org>', 'the organisation whose keys are accepted'),
  ];
  addVerb<AclOptions>(acl, output, {
    usage: 'grant',
    summary: "Accept another organisation's keys",
    example: 'hanaper acl grant --parent globex --child acme',
    options,
    remote: true,
    act: async (session, both) => (await import('../commands/acl.ts')).grant(session, both),
  });
  addVerb<AclOptions>(acl, output, {
    usage: 'revoke',
    summary: 'Accept them no longer',
    example: 'hanaper acl revoke --parent globex --child acme',
    options,
    remote: true,
    act: async (session, both) => (await import('../commands/acl.ts')).revoke(session, both),
  });
  addVerb(acl, output, {
    usage: 'list',
    summary: 'List whose keys are accepted by whom',
    example: 'hanaper acl list --org globex',
    remote: true,
    act: async (session) => (await import('../commands/acl.ts')).list(session),
  });
}
