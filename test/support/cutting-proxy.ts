/** A way to PostgreSQL that loses the answer to a COMMIT. */
import { connect, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** A proxy in front of a PostgreSQL server. */
export interface CuttingProxy {
  /** The URL of the database by way of the proxy. */
  readonly url: string;
  /** Lets so many commits of an entry of the log pass, and cuts the connection before each answer. */
  arm(times: number): void;
  /** How many were cut. */
  cuts(): number;
}

/** Starts a proxy to the server of a database; it ends with the test. */
export async function startCuttingProxy(database: string): Promise<CuttingProxy> {
  const { port, hostname } = new URL(database);
  let armed = 0;
  let cuts = 0;
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname);
    let hasWritten = false;
    client.on('data', (bytes) => {
      const text = bytes.toString('latin1');
      if (/insert into "?log_entries/i.test(text)) hasWritten = true;
      const isCut = armed > 0 && hasWritten && /commit\0/i.test(text);
      upstream.write(bytes);
      if (!isCut) return;
      armed--;
      cuts++;
      // What the server answers to the COMMIT is the last that it says here, and nobody hears it.
      upstream.removeAllListeners('data').once('data', () => client.destroy());
    });
    upstream.on('data', (bytes) => client.write(bytes));
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(one);
      one.on('error', () => undefined).on('close', () => other.destroy());
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  const url = new URL(database);
  url.hostname = '127.0.0.1';
  url.port = String(typeof address === 'object' && address ? address.port : 0);
  return {
    url: url.href,
    arm: (times) => {
      armed = times;
    },
    cuts: () => cuts,
  };
}
