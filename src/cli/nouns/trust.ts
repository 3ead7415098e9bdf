import type { Command } from 'commander';
import type { AclOptions } from '../commands/acl.ts';
import type { AddOptions, ExportOptions } from '../commands/trust.ts';
import { addVerb, option, required } from '../define.ts';
import type { Output } from '../output.ts';
import { type RevocationOptions, revocationOptions } from '../revocation-options.ts';

/** `trust add`, `list`, `revoke`, `export`. */
export function addTrustVerbs(trust: Command, output: Output): void {
  addVerb<AddOptions>(trust, output, {
    usage: 'add FILE',
    summary: 'Trust a public key: SPKI PEM or 32 raw bytes',
    example: 'hanaper trust add vendor.pem --name vendor',
    options: [
      option('--name <name>', 'a name for the key (default: the name of the file)'),
      option('--label <text>', 'what people call it: up to 255 characters'),
    ],
    remote: true,
    act: async (session, options, file) => (await import('../commands/trust.ts')).add(session, file, options),
  });
  addVerb<{ readonly label: string }>(trust, output, {
    usage: 'amend FINGERPRINT',
    summary: 'Change the label of a trusted key; an empty one removes it',
    example: 'hanaper trust amend 3b6f…64 hex characters… --label "Our vendor"',
    options: [required('--label <text>', 'what people call it: up to 255 characters')],
    remote: true,
    act: async (session, { label }, fingerprint) =>
      (await import('../commands/key-label.ts')).amendTrusted(session, fingerprint, label),
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
    options: revocationOptions(),
    remote: true,
    act: async (session, options, fingerprint) =>
      (await import('../commands/trust.ts')).revoke(session, fingerprint, options),
  });
  addVerb<ExportOptions>(trust, output, {
    usage: 'export',
    summary: 'Sign a bundle of what is trusted, for verifiers without the database',
    example: 'hanaper trust export --org acme --expires 30d',
    options: [
      option('--expires <when>', 'until when it counts: 30d, 12h, 1y or a time (default: 30d)'),
      option('--output <file>', 'where to write it, or "-" (default: <org>.trust)'),
    ],
    remote: true,
    act: async (session, options) => (await import('../commands/trust.ts')).exportBundle(session, options),
  });
}

/** `acl grant`, `revoke`, `list`. */
export function addAclVerbs(acl: Command, output: Output): void {
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
