/** Everything that bounds what a server can have a client do. */
export const clientLimits = {
  /** Milliseconds that one attempt may take, from the request to the end of its answer. */
  attempt: 30_000,
  /** Milliseconds before each further attempt, where an answer was lost. */
  pauses: [250, 1000, 3000] as readonly number[],
  /** Seconds that a server may ask for patience before the next attempt; where it asks for more, that is its refusal. */
  longestWait: 10,
  /** Bytes of a DID document. */
  didDocumentBytes: 65_536,
  /** Bytes of a receipt in its container. */
  receiptBytes: 1_048_576,
  /** Bytes of what is read. */
  resultBytes: 16_777_216,
  /** Bytes of a request that are sent as they are; more are zipped. */
  plainRequestBytes: 65_536,
  /** Characters of a server's message that are passed on. */
  messageCharacters: 2000,
  /** Seconds for which an invocation is valid: less than what the door allows, and enough for every attempt. */
  invocationLifetime: 300,
  /** Seconds by which clocks differ before it is worth a word. */
  notableSkew: 30,
};
