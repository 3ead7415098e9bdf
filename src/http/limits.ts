/** Bytes of all headers together: a chain of ten delegations fits into one. */
export const headerBytes = 32 * 1024;

/** Milliseconds for the headers of a request to arrive. */
export const headersTimeout = 10_000;

/** Milliseconds for a whole request to arrive. */
export const requestTimeout = 30_000;

/** Milliseconds for which a connection is kept open without a request. */
export const keepAliveTimeout = 5_000;

/** How often the times above are looked at, in milliseconds. */
export const timeoutCheck = 1_000;

/** Milliseconds without a byte in either direction after which a connection is cut off. */
export const idleTimeout = 60_000;

/** Connections at once. */
export const mostConnections = 4_096;

/** Milliseconds that a stopping server gives to what it began. */
export const stopTimeout = 10_000;

/** Bytes of a body with a passphrase: each of its 1,024 bytes can be written as an escape of six. */
export const secretBodyBytes = 16 * 1024;

/** How wrong passphrases and wrong set-up tokens are slowed. */
export const attemptLimits = { free: 3, firstPause: 1_000, longestPause: 60_000, keys: 1_000 } as const;

/** Passphrases that wait for their turn, the one that is being tried included. */
export const mostWaitingPassphrases = 8;
