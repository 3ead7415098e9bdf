import type { HanaperError, Remedy } from '../errors.ts';

// What to type, for each thing that an error of a module below asks for.
const remedies: Readonly<Record<Remedy, string>> = {
  accept_authority: 'To accept the authority that is there, give --authority DID.',
  accept_plain_http: 'Where the network itself is trusted, give --insecure.',
  allow_hash_signatures: 'To allow them: hanaper org set NAME --hash-signatures on.',
  create_identity: 'To create one: hanaper identity create.',
  create_organisation: 'Create one: hanaper org create NAME.',
  export_log: 'To export a log: hanaper log export FILE.',
  export_trust_bundle: 'To export one: hanaper trust export.',
  forget_log:
    'If you have restored a backup yourself, and accept that what came after it is lost, stop the server and run: hanaper log forget.',
  initialize: 'Run "hanaper init" first.',
  list_acls: '"hanaper acl list" shows why.',
  list_organisations: '"hanaper org list" shows those there are.',
  list_signing_keys: '"hanaper key list" shows those it has, and "hanaper key create NAME" makes one.',
  list_trusted_keys: '"hanaper trust list" shows those it trusts.',
  name_another_database: '"hanaper status" shows what is there; --db names another database.',
  name_another_file: 'Name it with --output.',
  name_organisation: 'Name it with --org or HANAPER_ORG.',
  open_for_writing: 'A user who may write there does that with: hanaper status.',
  prove_entry: 'To make one: hanaper log proof ENTRY --output FILE.',
  prove_package: 'To have one written: hanaper package proof FILE.',
  prune_tokens: 'To remove it: hanaper ucan prune.',
  revoke_more_strictly: 'Give it with --reason or --effective.',
  show_chain: 'Give the chain with --path.',
  show_proof: 'Give the chain with --proof, or store the delegation with: hanaper ucan import.',
  sign_request: 'Name your key with --as KEYFILE.',
  verify_log: 'To check everything against the log: hanaper log verify.',
};

/** What to type next, where an error asks for something. */
export function remedyOf({ details: { remedy } }: HanaperError): string | undefined {
  return remedy && remedies[remedy];
}

/** The message of an error, with what to type next. */
export function explain(error: HanaperError): string {
  const remedy = remedyOf(error);
  return remedy === undefined ? error.message : `${error.message} ${remedy}`;
}
