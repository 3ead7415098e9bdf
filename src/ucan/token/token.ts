import type { IpldMap } from '../encoding/ipld.ts';

/**
 * What decoding alone makes: a token object that is frozen, and remembers that its signature was verified.
 * A copy with other fields remembers nothing.
 */
export abstract class Token {
  #isVerified = false;

  /** Freezes the fields of a token; its `meta` is built each time that somebody reads it. */
  static from<Fields extends object>(fields: Fields, meta?: () => IpldMap): Fields & Token {
    const token: Fields & Token = Object.assign(new DecodedToken(), fields);
    if (meta) Object.defineProperty(token, 'meta', { get: meta, enumerable: true });
    return Object.freeze(token) as Fields & Token;
  }

  /** Whether the token's signature was found to be its issuer's, for good. */
  static isVerified(token: Token): boolean {
    return #isVerified in token && token.#isVerified;
  }

  /** Whether an object was made by decoding, and not put together or copied by somebody. */
  static isDecoded(token: object): boolean {
    return #isVerified in token;
  }

  /** Remembers that the token's signature is its issuer's. */
  static markVerified(token: Token): void {
    token.#isVerified = true;
  }
}

class DecodedToken extends Token {}
