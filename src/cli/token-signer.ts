import { HanaperError } from '../errors.ts';
import { type Signer, signerOf } from '../ucan/token/signer.ts';
import { type KeyFileOptions, readIdentity } from './read-identity.ts';
import type { Session } from './session.ts';
import { createStandIn } from './stand-in-signer.ts';

/** Who signs: a key file, the authority (`--authority`), or an organisation of the database (the only one, by default). */
export interface SignerOptions extends KeyFileOptions {
  readonly issuer?: string;
}

/**
 * Opens what signs, by the options of the command, once `check` has found nothing that would refuse what it is to sign:
 * that is made with a stand-in first.
 *
 * @throws HanaperError `usage`, and what `check` and reading a key file or unlocking a database throw
 */
export async function openTokenSigner(
  session: Session,
  options: SignerOptions,
  check: (standIn: Signer) => Promise<unknown>,
): Promise<Signer> {
  requireOneSigner(session, options);
  if (session.remote) requireOwnKey(session, options);
  if (!signsByDatabase(session, options)) {
    await check(await createStandIn());
    return session.remote ? openRemoteSigner(session, options) : openKeyFile(session, options.issuer ?? '', options);
  }
  const { findSignerDid, openSigner } = await import('../authority/issue-delegation.ts');
  const principal = session.actsAsAuthority ? 'authority' : { organisation: session.organisation };
  await check(await createStandIn(await findSignerDid(await session.openUnwatched(), principal)));
  return openSigner(await session.unlockAuthority(), principal);
}

async function openKeyFile(session: Session, file: string, options: KeyFileOptions): Promise<Signer> {
  return signerOf(await readIdentity(session, file, options));
}

/** Whether a key of the database signs, and not one in a file. */
export function signsByDatabase({ remote }: Session, { issuer }: SignerOptions): boolean {
  return issuer === undefined && remote === undefined;
}

async function openRemoteSigner(session: Session, { issuer }: SignerOptions): Promise<Signer> {
  const remote = await session.openRemote();
  return issuer === undefined ? remote.openSigner() : remote.readSigner(issuer);
}

// A server's own keys sign nothing but what its commands make.
function requireOwnKey(session: Session, { issuer }: SignerOptions): void {
  if (issuer !== undefined) return;
  if (!session.actsAsAuthority && session.flaggedOrganisation === undefined) return;
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
