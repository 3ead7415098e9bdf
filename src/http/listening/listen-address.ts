import { BlockList, isIP } from 'node:net';
import { HanaperError } from '../../errors.ts';

/** Where a server listens: an address and a port, or a unix socket. */
export type ListenAddress =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'socket'; readonly path: string };

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/**
 * Reads `HOST:PORT`, `[ADDRESS]:PORT` or a port alone; port 0 is any that is free.
 *
 * @throws HanaperError `bad_config`
 */
export function parseListenAddress(text: string): ListenAddress & { readonly kind: 'tcp' } {
  const [, bracketed, plain, digits = ''] = /^(?:(?:\[([^\]]+)\]|([^:[\]/\s]+)):)?(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? plain ?? '127.0.0.1';
  const port = Number(digits);
  if (digits !== '' && port <= 65_535 && (bracketed === undefined || isIP(bracketed) === 6)) {
    return { kind: 'tcp', host: host.toLowerCase(), port };
  }
  throw new HanaperError('bad_config', `"${text}" is no address to listen on. Write HOST:PORT, like 127.0.0.1:7373.`, {
    option: '--listen',
  });
}

/**
 * Checks a name by which a server is reached: a host, with or without a port.
 *
 * @throws HanaperError `bad_config`
 */
export function parseHostName(text: string): string {
  const [, port] = /^(?:[a-z0-9._-]{1,253}|\[[0-9a-f:.]{2,45}\])(?::(\d{1,5}))?$/i.exec(text) ?? [undefined, '65536'];
  if (Number(port ?? 0) <= 65_535) return text;
  throw new HanaperError(
    'bad_config',
    `"${text}" is no name of a server. Write a host, like hanaper.example, and where it has one its port behind a colon.`,
    { option: '--host' },
  );
}

/** Whether an address stands for all addresses of this machine, and so is the name of none. */
export function isEveryAddress(address: ListenAddress): address is ListenAddress & { readonly kind: 'tcp' } {
  return address.kind === 'tcp' && ['0.0.0.0', '::'].includes(address.host);
}

/** Whether nobody but this machine can reach an address. */
export function isLoopback(host: string): boolean {
  const family = isIP(host);
  if (family === 0) return host === 'localhost';
  return loopback.check(host, family === 6 ? 'ipv6' : 'ipv4');
}

/** Host and port as they stand in a URL. */
export function formatHost(host: string, port: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/**
 * The Host headers that a server answers to: this machine's own names and the address that it listens on with the port,
 * and those that were given, with and without it. A page of another site that has its name point here is refused by this.
 */
export function listAcceptedHosts(host: string, port: number, names: readonly string[]): ReadonlySet<string> {
  const own = ['localhost', '127.0.0.1', '::1', host].map((name) => formatHost(name, port));
  const given = names.flatMap((name) => (/:\d+$/.test(name) ? [name] : [name, `${name}:${port}`]));
  return new Set([...own, ...given].map((name) => name.toLowerCase()));
}
