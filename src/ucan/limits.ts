/**
 * Everything that bounds what a stranger can have us do. A token within these is read whole before any rule is applied.
 */
export const limits = {
  /** Bytes of one token. */
  tokenBytes: 262_144,
  /** Levels of lists and maps in a token. */
  tokenDepth: 64,
  /** Bytes of a signature, by far more than any algorithm here has. */
  signatureBytes: 512,
  /** Bytes of a nonce. */
  nonceBytes: 1024,
  /** Characters of a DID. */
  didCharacters: 2048,
  /** Characters of a command. */
  commandCharacters: 1024,
  /** Delegations in one chain, and CIDs in `prf` or in the `path` of a revocation. */
  chainLength: 64,
  /** Bytes of a revocation that is handed to an authority. */
  revocationBytes: 8192,
  /** Statements of one policy, nested ones included. */
  policyStatements: 256,
  /** Levels of statements in statements. */
  policyDepth: 16,
  /** Characters of one selector. */
  selectorCharacters: 1024,
  /** Statements, items and characters that are looked at in the policies of one chain before they count as broken. */
  policySteps: 500_000,
  /** Bytes of map keys that are compared for them. */
  policyKeyBytes: 1_048_576,
  /** Tokens in one container. */
  containerTokens: 256,
  /** Bytes of a container as it comes in. */
  containerBytes: 1_048_576,
  /** Bytes of a container once it is unzipped. */
  containerUnpackedBytes: 4_194_304,
  /** Seconds by which a clock may be off, at most. */
  skewSeconds: 60,
} as const;
