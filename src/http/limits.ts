import type { AttemptLimits } from './attempts.ts';

/** Bytes of all headers together: a chain of ten delegations fits into one. */
export const headerBytes: number = 32 * 1024;

/** Milliseconds for the headers of a request to arrive. */
export const headersTimeout: number = 10_000;

/** Milliseconds for a whole request to arrive. */
export const requestTimeout: number = 30_000;

/** Milliseconds for which a connection is kept open without a request. */
export const keepAliveTimeout: number = 5_000;

/** How often the times above are looked at, in milliseconds. */
export const timeoutCheck: number = 1_000;

/** Milliseconds without a byte in either direction after which a connection is cut off. */
export const idleTimeout: number = 60_000;

/** Connections at once. */
export const mostConnections: number = 4_096;

/** Milliseconds that a stopping server gives to what it began. */
export const stopTimeout: number = 10_000;

/** Bytes of a body with a passphrase: each of its 1,024 bytes can be written as an escape of six. */
export const secretBodyBytes: number = 16 * 1024;

/** How wrong passphrases and wrong set-up tokens are slowed. */
export const attemptLimits: AttemptLimits = { free: 3, firstPause: 1_000, longestPause: 60_000, keys: 1_000 };

/** Passphrases that wait for their turn, the one that is being tried included. */
export const mostWaitingPassphrases: number = 8;

/** Bytes of any other body: as many as a container may have. */
export const bodyBytes = 1_048_576;

/** How many times as long as the arguments of its invocation a body may be: each character can be an escape of six. */
export const bodyStretch = 8;

/** Bytes that a body may be longer than that. */
export const bodySlack = 2_048;

/** Bytes of a body that is read before its invocation is authorised. */
export const unauthorizedBodyBytes: number = 8 * 1024;

/** Requests of one address in a second, and at once after a rest. Those of this machine are not counted. */
export const requestRate: RequestRate = { perSecond: 100, burst: 400 };

/** Addresses whose requests are counted at once. */
export const mostCountedAddresses = 10_000;

/** How often one address may ask. */
export interface RequestRate {
  readonly perSecond: number;
  readonly burst: number;
}
