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
  /** Values of one answer in JSON: as many as its bytes can hold of keys or organisations. */
  values: 524_288,
  /** Levels of such an answer. */
  depth: 128,
  /** Values of the tokens in one answer. */
  tokenValues: 131_072,
  /** Bytes of a request that are sent as they are; more are zipped. */
  plainRequestBytes: 65_536,
  /** Characters of a server's message that are passed on. */
  messageCharacters: 2000,
  /** Characters of the details of a refusal, as JSON; longer ones are left out. */
  detailCharacters: 65_536,
  /** Organisations that are named where one has to be chosen. */
  names: 20,
  /** Seconds for which an invocation is valid: less than what the entry point allows, and enough for every attempt. */
  invocationLifetime: 300,
  /** Seconds by which clocks differ before it is worth a word. */
  notableSkew: 30,
};
