import { HanaperError } from '../errors.ts';
import { type Signer, signerOf } from '../ucan/token/signer.ts';
import { type KeyFileOptions, readIdentity } from './read-identity.ts';
import type { Session } from './session.ts';

/** Who signs: a key file, the authority (`--authority`), or an organisation of the database (the only one, by default). */
export interface SignerOptions extends KeyFileOptions {
  readonly issuer?: string;
}

/**
 * Opens what signs, by the options of the command.
 *
 * @throws HanaperError `usage`, and what reading a key file or unlocking a database throws
 */
export async function openTokenSigner(session: Session, options: SignerOptions): Promise<Signer> {
  requireOneSigner(session, options);
  if (session.remote) return openRemoteSigner(session, options);
  if (options.issuer !== undefined) return signerOf(await readIdentity(session, options.issuer, options));
  const authority = await session.unlockAuthority();
  const { openSigner } = await import('../authority/issue-delegation.ts');
  return openSigner(authority, session.actsAsAuthority ? 'authority' : { organisation: session.organisation });
}

/** Whether a key of the database signs, and not one in a file. */
export function signsByDatabase({ remote }: Session, { issuer }: SignerOptions): boolean {
  return issuer === undefined && remote === undefined;
}

// A server's own keys sign nothing but what its commands make.
async function openRemoteSigner(session: Session, { issuer }: SignerOptions): Promise<Signer> {
  const remote = await session.openRemote();
  if (issuer !== undefined) return remote.readSigner(issuer);
  if (!session.actsAsAuthority && session.flaggedOrganisation === undefined) return remote.openSigner();
  throw new HanaperError(
    'usage',
    'A server lends its keys to nobody: with --server a key file signs, that of --issuer or --as. To pass on what was delegated to it, name whose power with --subject DID.',
    { option: session.actsAsAuthority ? '--authority' : '--org' },
  );
}

function requireOneSigner(session: Session, { issuer }: SignerOptions): void {
  const given = [issuer !== undefined, session.actsAsAuthority, session.flaggedOrganisation !== undefined];
  if (given.filter(Boolean).length <= 1) return;
  throw new HanaperError(
    'usage',
    'Only one can sign: --issuer KEYFILE, --org ORG, or --authority for the authority of the database.',
    { option: '--issuer' },
  );
}
