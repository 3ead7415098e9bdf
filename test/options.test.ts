import { describe, expect, test } from 'vitest';
import { auditDatabase, initializeAuthority, openAuthority } from '../src/authority/index.ts';
import { connect, unlockServer } from '../src/client/index.ts';
import { openTrustBundle, verifyPackage, verifyPackageOffline } from '../src/package/index.ts';
import { startServer } from '../src/server.ts';
import { signStatement } from '../src/signature/index.ts';
import { openBundle } from '../src/trust/index.ts';
import {
  explainInvocation,
  signDelegation,
  signInvocation,
  signRevocation,
  validateInvocation,
} from '../src/ucan/index.ts';
import { expectCode } from './support/codes.ts';

const none = undefined as never;

describe('an option that nobody reads is refused before anything is done, by', () => {
  test.each<[string, object, (options: never) => unknown]>([
    ['openAuthority', { database: 'sqlite:no-such.db', authorityDid: 'did:key:z6Mk' }, openAuthority],
    ['openAuthority, of the loader', { database: 'sqlite:no-such.db', requireSignatures: true }, openAuthority],
    ['initializeAuthority', { database: 'sqlite:no-such.db', organization: 'acme' }, initializeAuthority],
    ['auditDatabase', { checkpoints: [] }, (options) => auditDatabase(none, options)],
    ['verifyPackage', { trust: none, organization: 'acme' }, (options) => verifyPackage('no-such', options)],
    ['verifyPackage, of the loader', { verificationOrg: 'acme' }, (options) => verifyPackage('no-such', options)],
    [
      'verifyPackageOffline',
      { trustedKeys: [], authority: 'did' },
      (options) => verifyPackageOffline('no-such', options),
    ],
    ['openTrustBundle', { authority: 'did', states: 'file' }, (options) => openTrustBundle('no-such', options)],
    ['openBundle', { authority: 'did', clock: () => 0 }, (options) => openBundle(new Uint8Array(), options)],
    ['validateInvocation', { now: 1, executer: 'did' }, (options) => validateInvocation(none, options)],
    ['explainInvocation', { now: 1, audience: 'did' }, (options) => explainInvocation(none, options)],
    ['signDelegation', { command: '/', policies: [] }, (options) => signDelegation(none, options)],
    ['signInvocation', { command: '/', expires: 1 }, (options) => signInvocation(none, options)],
    ['signRevocation', { target: 1, issuer: 'did' }, (options) => signRevocation(none, options)],
    ['signStatement', { name: 'plugin', expires: 'never' }, (options) => signStatement(none, options)],
    ['connect', { server: 'https://localhost', did: 'did' }, connect],
    ['unlockServer', { server: 'https://localhost', did: 'did' }, unlockServer],
    ['startServer', { address: none, TLS: {} }, startServer],
  ])('%s', async (_, options, act) => {
    const { details } = await expectCode('bad_config', async () => act(options as never));
    expect(Object.keys(options)).toContain(details['field']);
  });

  test('each of them, where options are no object', async () => {
    for (const options of [null, undefined, 'sqlite:no-such.db', ['sqlite:no-such.db'], new Map([['trust', none]])]) {
      await expectCode('bad_config', () => openAuthority(options as never));
      await expectCode('bad_config', () => verifyPackage('no-such', options as never));
      await expectCode('bad_config', () => connect(options as never));
    }
  });

  test('each of them, under a name that is a symbol', async () => {
    const options = { trust: none, [Symbol('organisation')]: 'acme' };
    await expectCode('bad_config', () => verifyPackage('no-such', options));
  });
});
