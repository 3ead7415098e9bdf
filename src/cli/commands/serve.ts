import { isatty } from 'node:tty';
import type { Authority } from '../../authority/authority.ts';
import { parseMetricsPort } from '../../config.ts';
import { HanaperError } from '../../errors.ts';
import type { HanaperEvent } from '../../events.ts';
import { stopTimeout } from '../../http/limits.ts';
import { BoundedLog } from '../../http/listening/bounded-log.ts';
import {
  formatHost,
  isEveryAddress,
  type ListenAddress,
  parseHostName,
  parseListenAddress,
} from '../../http/listening/listen-address.ts';
import type { TlsFiles } from '../../http/listening/listener.ts';
import { openJsonLog, openTerminalLog, type ServerLog } from '../../http/listening/server-log.ts';
import type { RunningServer, ServerOptions } from '../../server.ts';
import { securityLevels } from '../../vault/costs.ts';
import type { Credential } from '../../vault/slot.ts';
import { version } from '../../version.ts';
import { awaitSignal, endBy } from '../await-signal.ts';
import { passphraseOf } from '../question.ts';
import type { Session } from '../session.ts';

/** Options of `hanaper serve`. */
export interface ServeOptions {
  readonly listen?: string;
  readonly socket?: string;
  readonly host?: readonly string[];
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly insecure?: boolean;
  readonly proxy?: boolean;
  readonly metrics?: string;
  readonly publicLog?: boolean;
  readonly unlock?: boolean;
}

type Configured = Pick<
  ServerOptions,
  'address' | 'hosts' | 'insecure' | 'isBehindProxy' | 'tls' | 'metricsPort' | 'publicLog'
>;

/** `hanaper serve`: ends once the server has stopped. */
export async function serve(session: Session, options: ServeOptions): Promise<undefined> {
  const stopped = awaitSignal();
  const configured = configure(session, options);
  const isTerminal = isatty(1) && !session.output.json;
  const lines = openLines();
  const log = isTerminal ? openTerminalLog(lines) : await openJsonLog(lines);
  process.on('unhandledRejection', (error) => log.failure('a promise was left to fail', error));
  // Where it does not come to listen, the error is all that is printed.
  const early = holdEvents(log);
  try {
    // A signal that comes before the server runs has nothing to stop in order.
    const server = await Promise.race([start(session, options, configured, early.log), stopped]);
    if (typeof server === 'string') {
      endBy(server);
      return undefined;
    }
    if (isTerminal) for (const line of describe(server, configured)) lines.write(`${line}\n`);
    else log.note('listening', tell(server));
    early.release();
    log.flush();
    await stopped;
    const underWay = server.countUnderWay();
    log.note(describeStop(underWay), { requests_under_way: underWay, most_seconds: stopTimeout / 1000 });
    await server.stop();
    log.note('stopped');
  } finally {
    log.flush();
  }
}

// Whatever becomes of its log, a server serves, and stops when it is told to.
function openLines(): BoundedLog {
  const errors = new BoundedLog(2);
  return new BoundedLog(1, (code) => {
    errors.write(`warning: The log of the server cannot be written (${code}); its lines are dropped until it can.\n`);
    errors.flush();
  });
}

function describeStop(underWay: number): string {
  if (underWay === 0) return 'stopping';
  const requests = underWay === 1 ? 'request' : 'requests';
  return `stopping: waits at most ${stopTimeout / 1000} seconds for ${underWay} ${requests} under way`;
}

function holdEvents(log: ServerLog): { readonly log: ServerLog; release(): void } {
  let held: HanaperEvent[] | undefined = [];
  return {
    log: { ...log, event: (event) => (held ? void held.push(event) : log.event(event)) },
    release: () => {
      for (const event of held ?? []) log.event(event);
      held = undefined;
    },
  };
}

async function start(
  session: Session,
  { unlock = false }: ServeOptions,
  configured: Configured,
  log: ServerLog,
): Promise<RunningServer> {
  const { startServer } = await import('../../server.ts');
  const credential = await session.findCredential();
  try {
    return await startServer({
      ...configured,
      authority: session.authorityOptions,
      stateFolder: session.config.stateFolder,
      costs: chooseCosts(session),
      log,
      ...(credential && { credential }),
      ...(unlock && !credential && { unlock: (authority: Authority) => askToUnlock(session, authority) }),
    });
  } finally {
    // The vault is open by now, or was not to be had; a server runs for long.
    if (credential) wipe(credential);
  }
}

// By now the server listens, so that nobody types a passphrase for one that cannot.
async function askToUnlock(session: Session, authority: Authority): Promise<void> {
  await session.tryCredential({ question: passphraseOf(authority) }, async (credential) => {
    try {
      await authority.unlock(credential);
    } finally {
      wipe(credential);
    }
  });
}

function configure(session: Session, options: ServeOptions): Configured {
  const { server } = session.config;
  const metrics = options.metrics === undefined ? server.metrics : parseMetricsPort(options.metrics);
  const tls = chooseTls(options.tlsCert ?? server.tlsCert, options.tlsKey ?? server.tlsKey);
  const address = chooseAddress(options, server);
  const hosts = (options.host ?? server.hosts).map(parseHostName);
  if (hosts.length === 0 && isEveryAddress(address)) session.warn(noNames(address));
  return {
    address,
    hosts,
    insecure: options.insecure ?? false,
    publicLog: options.publicLog ?? server.publicLog,
    isBehindProxy: options.proxy ?? server.behindProxy,
    ...(tls && { tls }),
    ...(metrics !== 'off' && { metricsPort: metrics }),
  };
}

function noNames({ host, port }: { readonly host: string; readonly port: number }): string {
  return `Other machines reach ${formatHost(host, port)} by another name than this, and are answered by no name but those that are known: give them with --host.`;
}

function chooseAddress(flags: ServeOptions, { listen, socket }: Session['config']['server']): ListenAddress {
  if (flags.listen !== undefined && flags.socket !== undefined) {
    throw new HanaperError('usage', 'A server listens on an address or on a socket: give --listen or --socket.', {
      option: '--socket',
    });
  }
  if (flags.listen !== undefined) return parseListenAddress(flags.listen);
  const path = flags.socket ?? socket;
  return path === undefined ? parseListenAddress(listen) : { kind: 'socket', path };
}

function chooseTls(certificate: string | undefined, key: string | undefined): TlsFiles | undefined {
  if (certificate === undefined && key === undefined) return undefined;
  if (certificate !== undefined && key !== undefined) return { certificate, key };
  throw new HanaperError('bad_config', 'TLS needs a certificate and its key: give --tls-cert and --tls-key.', {
    option: certificate === undefined ? '--tls-cert' : '--tls-key',
  });
}

function chooseCosts({ config: { crypto } }: Session) {
  return crypto.customParams ?? securityLevels[crypto.securityLevel];
}

function wipe(credential: Credential): void {
  const secret = credential.kind === 'raw' ? credential.key : credential.passphrase;
  secret[Symbol.dispose]();
}

function describe(server: RunningServer, configured: Configured): readonly string[] {
  const { url, metricsUrl } = server;
  return [
    `Hanaper ${version} listens at ${url}. Ctrl-C stops it.`,
    ...(metricsUrl === undefined ? [] : [`  metrics  ${metricsUrl}`]),
    '',
    ...describeNext(server, configured),
    '',
  ];
}

function describeNext(
  { initialized, locked, setupToken, ...server }: RunningServer,
  { address, isBehindProxy = false }: Configured,
): readonly string[] {
  // From this machine it is not reached by an address that stands for all.
  const url = isEveryAddress(address) ? server.url.replace(/\/\/.*(?=:\d+$)/, '//localhost') : server.url;
  if (!initialized) {
    return [
      'Its database is not initialised. Next, on this machine: hanaper init --org NAME',
      `Or over the network, within the hour: POST ${url}/api/crypto/init, with the set-up token in ${setupToken}`,
    ];
  }
  if (locked) {
    return [
      'Its vault is locked: reading and verifying work, writing does not.',
      url.startsWith('unix:')
        ? `To unlock it: curl --unix-socket ${url.slice('unix:'.length)} http://localhost/api/crypto/unlock, with the passphrase alone`
        : isBehindProxy
          ? `To unlock it: hanaper database unlock --server ${url} --as KEYFILE --proof FILE`
          : `To unlock it, on this machine with the passphrase alone: hanaper database unlock --server ${url}`,
      'Or start it with --unlock, or --passphrase-file FILE.',
    ];
  }
  return ['Its vault is open.'];
}

function tell({ url, metricsUrl, setupToken, initialized, locked }: RunningServer) {
  return {
    version,
    url,
    ...(metricsUrl !== undefined && { metrics_url: metricsUrl }),
    initialized,
    locked,
    ...(setupToken !== undefined && { setup_token_file: setupToken }),
  };
}
