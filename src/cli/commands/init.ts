import { nameDatabase } from '../../authority/database-name.ts';
import { type Initialized, initializeAuthority, requireInitializable } from '../../authority/index.ts';
import { encodeHex } from '../../bytes.ts';
import type { Argon2Parameters } from '../../crypto/argon2.ts';
import { HanaperError } from '../../errors.ts';
import type { SlotKind } from '../../vault/authority-statement.ts';
import { type SecurityLevel, securityLevels } from '../../vault/costs.ts';
import { requireStrongPassphrase } from '../../vault/strength.ts';
import type { Outcome } from '../output.ts';
import { askForNew } from '../question.ts';
import type { Session } from '../session.ts';

/** How costly a key slot is, as options say. */
export interface CostOptions {
  readonly security?: SecurityLevel;
  readonly memory?: number;
  readonly passes?: number;
  readonly lanes?: number;
  readonly allowWeak?: boolean;
}

/** Options of `hanaper init`. */
export interface InitOptions extends CostOptions {
  readonly slot?: 'passphrase' | 'raw' | 'derived';
}

/** `hanaper init` */
export async function init(session: Session, options: InitOptions): Promise<Outcome> {
  // A caller who gives a raw key means a raw slot.
  const { rawKeyFile } = session.credentialSources();
  const slot = options.slot ?? (rawKeyFile === undefined ? session.config.crypto.method : 'raw');
  if (session.authorityOptions.authority !== undefined) throw authorityGiven();
  if (slot === 'raw') requireRawKeyFile(session);
  const { observer, authorityOptions, config } = session;
  const plan = {
    database: config.db,
    costs: chooseCosts(session, options, slot),
    ...(session.organisation !== undefined && { organisation: session.organisation }),
    ...(authorityOptions.knownAuthorities && { knownAuthorities: authorityOptions.knownAuthorities }),
    ...(observer && { observer }),
  };
  await requireInitializable(plan);
  const credential = await session.requireCredential({
    question: askForNew(nameDatabase(config.db), options),
    confirm: true,
    ...(slot !== 'raw' && { rawKeyFile: undefined }),
  });
  if (credential.kind === 'passphrase' && !options.allowWeak) await requireStrongPassphrase(credential.passphrase);
  const initialized = await initializeAuthority({ ...plan, slot, credential });
  if (initialized.replaced !== undefined) {
    session.warn(
      `This database was known as that of ${initialized.replaced}; from now on it is known as the new one's.`,
    );
  }
  return describe(initialized);
}

/** The Argon2id costs that options and configuration ask for; warns where they are low. */
export function chooseCosts(session: Session, options: CostOptions, slot: SlotKind): Argon2Parameters {
  const { securityLevel, customParams } = session.config.crypto;
  const base = options.security ? securityLevels[options.security] : (customParams ?? securityLevels[securityLevel]);
  const { memory = base.memoryKib, passes = base.passes, lanes = base.lanes } = options;
  if (slot !== 'raw' && memory <= securityLevels.interactive.memoryKib) {
    session.warn(
      'With so little memory a stolen database is guessed at faster. "balanced" is the better choice for most.',
    );
  }
  return { memoryKib: memory, passes, lanes };
}

function authorityGiven(): HanaperError {
  return new HanaperError(
    'usage',
    'A new database makes an authority of its own, so it cannot be another: leave out --authority, HANAPER_AUTHORITY and security.authority.',
    { option: '--authority' },
  );
}

function requireRawKeyFile(session: Session): void {
  if (session.credentialSources().rawKeyFile !== undefined) return;
  throw new HanaperError(
    'usage',
    'A raw slot needs a key of 32 bytes: make one with "openssl rand -out FILE 32" and give --raw-key-file FILE.',
    { option: '--raw-key-file' },
  );
}

function describe({ database, did, publicKey, slot, organisation }: Initialized): Outcome {
  const credential = slot === 'raw' ? 'raw key' : 'passphrase';
  const document = {
    database,
    did,
    public_key: encodeHex(publicKey),
    slot,
    organisation: organisation ?? null,
  };
  return {
    document,
    lines: [
      `${database} is initialised.`,
      `  authority   ${did}`,
      `  public key  ${document.public_key}`,
      `  key slot    ${slot}`,
      ...(organisation ? [`  ${organisation.name.padEnd(10)}  ${organisation.did}`] : []),
      '',
      `Keep the ${credential} where you keep what must not be lost: without it no key here can be used again.`,
      `Back the database up from now on (docs/guides/backup.md); a copy opens with the same ${credential}.`,
      'Note the DID of the authority elsewhere: it tells a copy from an exchanged database.',
      '',
      organisation
        ? `Next: hanaper key create release --org ${organisation.name}`
        : 'Next: hanaper org create NAME, then hanaper key create NAME',
    ],
  };
}
