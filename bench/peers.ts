import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Contender } from './measure.ts';
import { isInstalled, run } from './run.ts';

/** Other tools that verify a signature of a file; what they left running ends with the `using` block. */
export interface Peers extends Disposable {
  readonly contenders: readonly Contender[];
}

/** Has every tool that is installed make a key and sign the file; the others are named and left out. */
export function createPeers(folder: string, path: string): Peers {
  const candidates = [
    { program: 'minisign', create: () => createMinisign(folder, path) },
    { program: 'ssh-keygen', create: () => createSshKeygen(folder, path) },
    { program: 'gpg', create: () => createGpg(folder, path) },
  ];
  const installed = candidates.filter(({ program }) => isInstalled(program));
  const missing = candidates.filter((candidate) => !installed.includes(candidate)).map(({ program }) => program);
  if (missing.length > 0) console.error(`Left out, because not installed: ${missing.join(', ')}.`);
  return {
    contenders: installed.map(({ create }) => create()),
    [Symbol.dispose]: () => {
      if (installed.some(({ program }) => program === 'gpg')) {
        run('gpgconf', ['--homedir', join(folder, 'gpg'), '--kill', 'all']);
      }
    },
  };
}

function createMinisign(folder: string, path: string): Contender {
  const publicKey = join(folder, 'minisign.pub');
  const secretKey = join(folder, 'minisign.key');
  const signature = join(folder, 'minisig');
  run('minisign', ['-G', '-W', '-p', publicKey, '-s', secretKey]);
  run('minisign', ['-S', '-s', secretKey, '-m', path, '-x', signature]);
  const args = ['-V', '-q', '-p', publicKey, '-m', path, '-x', signature];
  return { name: 'minisign -V', run: () => run('minisign', args) };
}

function createSshKeygen(folder: string, path: string): Contender {
  const key = join(folder, 'ssh');
  const allowed = join(folder, 'ssh.allowed');
  // It writes its signature beside what it signs, where Hanaper's own is.
  const link = join(folder, 'ssh.wasm');
  symlinkSync(path, link);
  run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key]);
  run('ssh-keygen', ['-q', '-Y', 'sign', '-f', key, '-n', 'file', link]);
  writeFileSync(allowed, `bench ${readFileSync(`${key}.pub`, 'utf8')}`);
  const args = ['-Y', 'verify', '-f', allowed, '-I', 'bench', '-n', 'file', '-s', `${link}.sig`];
  return { name: 'ssh-keygen -Y verify', run: () => run('ssh-keygen', args, process.env, path) };
}

function createGpg(folder: string, path: string): Contender {
  const home = join(folder, 'gpg');
  mkdirSync(home, { mode: 0o700 });
  const common = ['--homedir', home, '--batch', '--quiet'];
  const signature = join(folder, 'gpg.sig');
  const unprotected = ['--pinentry-mode', 'loopback', '--passphrase', ''];
  run('gpg', [...common, ...unprotected, '--quick-generate-key', 'bench', 'ed25519', 'sign', 'never']);
  run('gpg', [...common, ...unprotected, '--output', signature, '--detach-sign', path]);
  return { name: 'gpg --verify', run: () => run('gpg', [...common, '--verify', signature, path]) };
}
