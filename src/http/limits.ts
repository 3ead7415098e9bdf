import type { BackoffLimits } from './backoff.ts';

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

/** Connections at once, and when there are many. */
export const connectionLimits: ConnectionLimits = {
  ofAll: 4_096,
  ofOne: 256,
  crowd: 2_048,
  patience: 2_000,
  pipelined: 16,
};

/** How many connections there may be. */
export interface ConnectionLimits {
  readonly ofAll: number;
  /** From one address; this machine's own and unix sockets are not counted. */
  readonly ofOne: number;
  /** From so many on, those that have sent no request are cut off after `patience`. */
  readonly crowd: number;
  /** Milliseconds. */
  readonly patience: number;
  /** Requests under way on one connection: what is sent before earlier answers were taken. */
  readonly pipelined: number;
}

/** The bodies that are under way at once. */
export const bodyLimits: BodyLimits = { bytesOfAll: 268_435_456, bytesOfOne: 33_554_432, freeBytes: 16_384 };

/** How much of bodies may be under way at once. */
export interface BodyLimits {
  readonly bytesOfAll: number;
  /** From one address. */
  readonly bytesOfOne: number;
  /** What of each body is not counted, so that short requests are served whatever else there is. */
  readonly freeBytes: number;
}

/** Milliseconds that a stopping server gives to what it began. */
export const stopTimeout: number = 10_000;

/** Milliseconds for the database to answer whether it is ready. */
export const readinessTimeout: number = 5_000;

/** Bytes of a body with a passphrase: each of its 1,024 bytes can be written as an escape of six. */
export const secretBodyBytes: number = 16 * 1024;

/** How wrong passphrases and wrong set-up tokens are slowed. */
export const attemptLimits: BackoffLimits = { free: 3, firstPause: 1_000, longestPause: 60_000, keys: 1_000 };

/** Passphrases that wait for their turn, the one that is being tried included. */
export const maxWaitingPassphrases: number = 8;

/** Bytes of any other body: as many as a container may have. */
export const bodyBytes = 1_048_576;

/** Bytes of a body with signatures to verify, from anybody: the sixteen of a package, each with the longest name, fit in. */
export const verifyBodyBytes: number = 128 * 1024;

/** How many times as long as the arguments of its invocation a body may be: each character can be an escape of six. */
export const bodyStretch = 8;

/** Bytes that a body may be longer than that. */
export const bodySlack = 2_048;

/** Bytes of a body that is read before its invocation is authorised. */
export const unauthorizedBodyBytes: number = 8 * 1024;

/** Requests of one address in a second, and at once after a rest. Those of this machine are not counted. */
export const requestRate: RequestRate = { perSecond: 100, burst: 400 };

/** Microseconds of one core that a request may cost: one that costs more counts as several. */
export const requestCost = 2_000;

/** Addresses whose requests are counted at once. */
export const maxCountedAddresses = 10_000;

/** How often one address may ask. */
export interface RequestRate {
  readonly perSecond: number;
  readonly burst: number;
}
