/** A proxy in front of PostgreSQL, whose connections can go silent: as behind a firewall that has forgotten them. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** A proxy that runs until the end of the test. */
export interface Proxy {
  /** The URL of the database by way of the proxy. */
  readonly url: string;
  /** The connections that there are go silent, for good; new ones pass. */
  freeze(): void;
  /** Each connection goes silent with the first bytes of the client that hold this, which do not pass any more. */
  freezeAt(text: string): void;
}

/** Starts a proxy in front of the server of a database. */
export async function startProxy(database: string): Promise<Proxy> {
  const behind = new URL(database);
  const pairs = new Set<{ isFrozen: boolean }>();
  const sockets = new Set<Socket>();
  let last: string | undefined;
  const server = createServer((near) => {
    const far = connect(Number(behind.port), behind.hostname);
    const pair = { isFrozen: false };
    pairs.add(pair);
    near.on('data', (bytes) => {
      if (last !== undefined && bytes.includes(last)) pair.isFrozen = true;
      if (!pair.isFrozen) far.write(bytes);
    });
    far.on('data', (bytes) => void (pair.isFrozen || near.write(bytes)));
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => void (pair.isFrozen || other.destroy()));
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const url = new URL(database);
  url.hostname = '127.0.0.1';
  url.port = String((server.address() as AddressInfo).port);
  return {
    url: url.href,
    freeze: () => {
      for (const pair of pairs) pair.isFrozen = true;
    },
    freezeAt: (text) => {
      last = text;
    },
  };
}
