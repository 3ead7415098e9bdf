/** The question for the passphrase of a database. */
export function passphraseOf({ database }: { readonly database: { readonly name: string } }): string {
  return `Passphrase of ${database.name}`;
}

/** The question for a new passphrase of something, which says what makes a good one unless any will do. */
export function askForNew(name: string, { allowWeak = false }: { readonly allowWeak?: boolean }): string {
  return allowWeak ? `New passphrase of ${name}` : `New passphrase of ${name} (several random words)`;
}
