import { decodeHex, encodeHex } from '../bytes.ts';
import { sha256 } from '../crypto/digest.ts';
import { type Ed25519PublicKey, importPublicKeyToVerify } from '../crypto/ed25519.ts';
import { HanaperError } from '../errors.ts';
import { type KeyRevocation, type RevocationReason, revocationReasons } from '../signature/key-revocation.ts';
import type { DocumentReader, Refuse } from './document-reader.ts';
import { parsePolicy } from './parse-policy.ts';
import type { VerificationPolicy } from './policy.ts';
import { maxStateKeys, type StateKey, type TrustState } from './state.ts';

// How much else a state may hold.
const stateLimits = { owners: 100, nameCharacters: 512 } as const;

const reasons: readonly unknown[] = revocationReasons;
const keyFields = ['fingerprint', 'public_key', 'name', 'owners', 'via', 'trusted_at', 'revocation'];
const revocationFields = ['revoked_at', 'reason', 'effective_at', 'effective_index'];

/** The members of a document that a state is. */
export const stateFields = ['organization', 'version', 'keys', 'policy'] as const;

/** Reads a state; the caller, who has the bytes, checks that they are in its one form. */
export class StateReader {
  readonly #reader: DocumentReader;
  readonly #refuse: Refuse;

  constructor(reader: DocumentReader, refuse: Refuse) {
    this.#reader = reader;
    this.#refuse = refuse;
  }

  /** The state that these members are. */
  state(members: Readonly<Record<string, unknown>>): TrustState {
    const reader = this.#reader;
    const { did, name } = reader.object(members['organization'], 'organization', ['did', 'name']);
    const keys = reader.list(members['keys'], 'keys', maxStateKeys, (key, field) => this.#key(key, field));
    if (new Set(keys.map(({ fingerprint }) => fingerprint)).size < keys.length) {
      throw this.#refuse('names a key twice', 'keys');
    }
    return {
      organisation: { did: reader.did(did, 'organization.did'), name: this.#name(name, 'organization.name') },
      version: reader.integer(members['version'], 'version', 1),
      keys,
      policy: members['policy'] === null ? null : this.#policy(members['policy']),
    };
  }

  #key(value: unknown, field: string): StateKey {
    const reader = this.#reader;
    const key = reader.object(value, field, keyFields);
    const fingerprint = reader.sha256(key['fingerprint'], `${field}.fingerprint`);
    const { name, via, revocation } = key;
    return {
      fingerprint,
      publicKey: this.#publicKey(key['public_key'], `${field}.public_key`, fingerprint),
      name: name === null ? null : this.#name(name, `${field}.name`),
      owners: reader.list(key['owners'], `${field}.owners`, stateLimits.owners, (did, place) => reader.did(did, place)),
      ...(via === null ? {} : { via: this.#name(via, `${field}.via`) }),
      trustedAt: reader.time(key['trusted_at'], `${field}.trusted_at`),
      ...(revocation === null ? {} : { revocation: this.#revocation(revocation, `${field}.revocation`) }),
    };
  }

  #publicKey(value: unknown, field: string, fingerprint: string): Ed25519PublicKey {
    const bytes = decodeHex(this.#reader.text(value, field, { max: 64 }));
    try {
      const key = importPublicKeyToVerify(bytes ?? new Uint8Array(0));
      if (encodeHex(sha256(key)) === fingerprint) return key;
    } catch (cause) {
      throw this.#refuse('is no key', field, cause);
    }
    throw this.#refuse('has another fingerprint', field);
  }

  #revocation(value: unknown, field: string): KeyRevocation {
    const reader = this.#reader;
    const { revoked_at, reason, effective_at, effective_index } = reader.object(value, field, revocationFields);
    const revokedAt = reader.time(revoked_at, `${field}.revoked_at`);
    if (reason === null && effective_at === null && effective_index === null) {
      return { revokedAt, reason, effectiveAt: null, effectiveIndex: null };
    }
    if (!reasons.includes(reason)) throw this.#refuse('is not a valid reason', `${field}.reason`);
    return {
      revokedAt,
      reason: reason as RevocationReason,
      effectiveAt: reader.time(effective_at, `${field}.effective_at`),
      effectiveIndex: reader.integer(effective_index, `${field}.effective_index`, 0),
    };
  }

  #name(value: unknown, field: string): string {
    return this.#reader.text(value, field, { max: stateLimits.nameCharacters, accepts: (text) => text !== '' });
  }

  #policy(value: unknown): VerificationPolicy {
    try {
      return parsePolicy(value);
    } catch (cause) {
      const reason = cause instanceof HanaperError ? String(cause.details['reason']) : 'is invalid';
      throw this.#refuse(reason, 'policy', cause);
    }
  }
}
