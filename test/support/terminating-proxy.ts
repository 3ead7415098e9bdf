/** A way to PostgreSQL on which an administrator ends the server's side, as pg_terminate_backend does, at a chosen step. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { Client } from 'pg';
import { onTestFinished } from 'vitest';

/** When the connection is ended: before the server hears what is said to it, or once it has answered, unheard as yet. */
export type Moment = 'before' | 'after';

/** A proxy that runs until the end of the test. */
export interface TerminatingProxy {
  /** The URL of the database by way of the proxy. */
  readonly url: string;
  /** Ends the connection at the so-manieth thing that is said from now on, on whichever connection. */
  arm(step: number, moment: Moment): void;
  /** What was being said then; `undefined` where that has not come. */
  said(): string | undefined;
}

/** Starts a proxy in front of the server of a database. */
export async function startTerminatingProxy(database: string): Promise<TerminatingProxy> {
  const behind = new URL(database);
  const administrator = new Client({ connectionString: database });
  await administrator.connect();
  const sockets = new Set<Socket>();
  let left = 0;
  let moment: Moment = 'before';
  let said: string | undefined;
  const isChosen = (bytes: Buffer): boolean => {
    if (left === 0 || --left > 0) return false;
    said = bytes.toString('latin1');
    return true;
  };
  const server = createServer((near) => {
    const far = connect(Number(behind.port), behind.hostname);
    // One thing after the other, in either direction.
    let saying = Promise.resolve();
    near.on('data', (bytes) => {
      const isNow = isChosen(bytes);
      saying = saying.then(() => (isNow ? terminate(administrator, far, bytes, moment) : void far.write(bytes)));
    });
    far.on('data', (bytes) => void near.write(bytes));
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => undefined).on('close', () => other.end());
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    server.close();
    for (const socket of sockets) socket.destroy();
    await administrator.end();
  });
  const url = new URL(database);
  url.hostname = '127.0.0.1';
  url.port = String((server.address() as AddressInfo).port);
  return {
    url: url.href,
    arm: (step, chosen) => {
      left = step;
      moment = chosen;
      said = undefined;
    },
    said: () => said,
  };
}

async function terminate(administrator: Client, far: Socket, bytes: Buffer, moment: Moment): Promise<void> {
  const port = far.localPort;
  if (moment === 'after') {
    // Nothing of the answer is handed on before the end.
    const answered = once(far, 'readable');
    far.pause();
    far.write(bytes);
    await answered;
  }
  const ended = 'select pg_terminate_backend(pid, 10000) from pg_stat_activity where client_port = $1';
  await administrator.query(ended, [port]);
  if (moment === 'before') far.write(bytes);
  far.resume();
}
