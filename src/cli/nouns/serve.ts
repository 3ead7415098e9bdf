import type { Command } from 'commander';
import type { ServeOptions } from '../commands/serve.ts';
import { addVerb, option, repeated } from '../define.ts';
import type { Output } from '../output.ts';

/** `serve` */
export function addServeCommand(program: Command, output: Output): void {
  addVerb<ServeOptions>(program, output, {
    usage: 'serve',
    summary: 'Run the server, until it is told to stop',
    example: 'hanaper serve --passphrase-file passphrase.txt',
    options: [
      option('--listen <address>', 'HOST:PORT to listen on (HANAPER_LISTEN; else 127.0.0.1:7373)'),
      option('--socket <path>', 'a unix socket to listen on instead, for this user alone (HANAPER_SOCKET)'),
      repeated('--host <name>', 'a name that it is reached by; may be repeated (HANAPER_HOSTS)'),
      option('--tls-cert <file>', 'the certificate and its chain, PEM (HANAPER_TLS_CERT)'),
      option('--tls-key <file>', 'its private key, PEM (HANAPER_TLS_KEY)'),
      option('--proxy', 'a proxy is in front: nobody who comes over TCP is of this machine (HANAPER_BEHIND_PROXY)'),
      option('--metrics <port>', 'the port of /metrics on this machine, or "off" (HANAPER_METRICS; else 7374)'),
      option('--public-log', 'let anybody read the log, as static files under /log/ (HANAPER_PUBLIC_LOG)'),
      option('--unlock', 'ask for the passphrase now, on the terminal'),
    ],
    act: async (session, options) => (await import('../commands/serve.ts')).serve(session, options),
  });
}
