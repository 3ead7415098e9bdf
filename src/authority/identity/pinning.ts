import { HanaperError } from '../../errors.ts';
import type { KnownAuthorities } from './known-authorities.ts';

/**
 * Requires that a database is that of the authority which is known under each of its names, and remembers it under those
 * that are not known yet.
 *
 * @throws HanaperError `authority_changed`, `bad_config`
 */
export function requirePinned(names: readonly string[], did: string, known: KnownAuthorities): void {
  requireNoOther(names, did, known);
  for (const name of names) if (known.find(name) === undefined) known.remember(name, did);
}

/**
 * Requires that no other authority is known under any name of a database; nothing is remembered. Returns whether this one
 * is known under each.
 *
 * @throws HanaperError `authority_changed`, `bad_config`
 */
export function requireNoOther(names: readonly string[], did: string, known: KnownAuthorities): boolean {
  const other = findOther(names, did, known);
  if (other) throw changedAuthority(other.database, other.authority, did);
  return names.every((name) => known.find(name) === did);
}

/** Pins the authority of a database that was just made under each of its names. Returns whose it was before. */
export function pinAuthority(names: readonly string[], did: string, known: KnownAuthorities): string | undefined {
  const replaced = findOther(names, did, known)?.authority;
  for (const name of names) if (known.find(name) !== did) known.remember(name, did);
  return replaced;
}

/** The error for a database that belongs to another authority than the expected one. */
export function changedAuthority(database: string, expected: string, actual: string): HanaperError {
  return new HanaperError(
    'authority_changed',
    `${database} belongs to the authority ${actual}, but ${expected} was expected: the database was exchanged, or restored from elsewhere. If that is right, remove its line from known_authorities in the state folder.`,
    { database, expected, actual, remedy: 'accept_authority' },
  );
}

function findOther(names: readonly string[], did: string, known: KnownAuthorities) {
  const pins = names.map((database) => ({ database, authority: known.find(database) ?? did }));
  return pins.find(({ authority }) => authority !== did);
}
