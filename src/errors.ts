/**
 * Every code that a {@link HanaperError} can carry: the stable part of an error.
 * Messages may change between versions, codes do not.
 */
export const errorCodes = [
  'internal',
  'unavailable',
  'usage',
  'bad_config',
  'package_tampered',
  'untrusted_signer',
  'invalid_signature',
  'signature_not_found',
  'malformed_signature',
  'signature_expired',
  'signature_not_yet_valid',
  'package_name_mismatch',
  'unverified_import',
  'policy_not_met',
  'trust_tampered',
  'bundle_expired',
  'bundle_not_yet_valid',
  'bundle_rolled_back',
  'log_tampered',
  'log_rolled_back',
  'locked',
  'wrong_passphrase',
  'token_missing',
  'not_authorized',
  'token_expired',
  'token_not_yet_valid',
  'token_revoked',
  'proof_unavailable',
  'audience_mismatch',
  'subject_mismatch',
  'command_not_covered',
  'policy_violation',
  'invalid_token_signature',
  'invalid_claim',
  'key_revoked',
  'not_found',
  'already_exists',
  'already_initialized',
  'already_trusted',
  'bad_input',
  'malformed_token',
  'malformed_key',
  'weak_key',
  'weak_passphrase',
  'package_unreadable',
  'package_empty',
  'too_large',
  'rate_limited',
  'not_initialized',
  'database_newer',
  'database_older',
  'database_corrupt',
  'authority_tampered',
  'authority_changed',
  'slot_damaged',
] as const;

/** One of {@link errorCodes}. */
export type ErrorCode = (typeof errorCodes)[number];

/** Whether a text is one of {@link errorCodes}: another version can have one that is not known here. */
export function isErrorCode(code: string): code is ErrorCode {
  return (errorCodes as readonly string[]).includes(code);
}

/**
 * Every key that {@link ErrorDetails} can carry as `remedy`: what to do next, which each edge says in its own words. The command
 * line names commands and flags, the HTTP API its routes; docs/errors.md lists both beside the functions of the library.
 */
export const remedies = [
  'accept_authority',
  'accept_plain_http',
  'allow_hash_signatures',
  'create_identity',
  'create_organisation',
  'export_log',
  'export_trust_bundle',
  'forget_log',
  'initialize',
  'list_acls',
  'list_organisations',
  'list_signing_keys',
  'list_trusted_keys',
  'name_another_database',
  'name_another_file',
  'name_organisation',
  'open_for_writing',
  'prove_entry',
  'prove_package',
  'prune_tokens',
  'revoke_more_strictly',
  'show_chain',
  'show_proof',
  'sign_request',
  'verify_log',
] as const;

/** One of {@link remedies}. */
export type Remedy = (typeof remedies)[number];

/** Whether a value is one of {@link remedies}: another version can have one that is not known here. */
export function isRemedy(value: unknown): value is Remedy {
  return (remedies as readonly unknown[]).includes(value);
}

/** What an error says beyond its code: plain JSON, never a key, a passphrase or a token. */
export type ErrorDetails = Readonly<Record<string, unknown>> & {
  /** What to do next, where that is more than the message says. */
  readonly remedy?: Remedy;
};

/**
 * The one error that Hanaper raises for whatever comes from outside: a file, a row, an argument, a person.
 * A program's own mistake is a `TypeError`.
 *
 * @example
 * try { await loader.load('plugin.wasm') }
 * catch (error) { if (error instanceof HanaperError && error.code === 'untrusted_signer') … }
 */
export class HanaperError extends Error {
  override readonly name: string = 'HanaperError';
  /** The stable code. */
  readonly code: ErrorCode;
  /** Values that a program may act upon. */
  readonly details: ErrorDetails;

  /** `message` says what was wrong, with what, and what to do next. */
  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.details = details;
  }
}

/** The code of an operating system's error (`ENOENT`, `EACCES`, …); `undefined` for other errors. */
export function systemCodeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
