import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** The connections of a server, and which of them have a request under way. */
export class Connections {
  /** Everything below HTTP, handshakes that have not ended included. */
  readonly #raw = new Set<Socket>();
  readonly #open = new Set<Socket>();
  readonly #underWay = new Map<Socket, number>();

  constructor(server: Server, isSecure: boolean) {
    server.on('connection', (socket: Socket) => keepWhileOpen(this.#raw, socket));
    server.on(isSecure ? 'secureConnection' : 'connection', (socket: Socket) => keepWhileOpen(this.#open, socket));
    server.on('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
      this.#count(socket, 1);
      response.once('close', () => this.#count(socket, -1));
    });
  }

  /** Ends those on which nothing is under way. */
  endIdle(): void {
    for (const socket of this.#open) if (!this.#underWay.has(socket)) socket.destroySoon();
  }

  /** Cuts off all of them. */
  cutOff(): void {
    for (const socket of this.#raw) socket.destroy();
  }

  #count(socket: Socket, change: number): void {
    const count = (this.#underWay.get(socket) ?? 0) + change;
    if (count > 0) this.#underWay.set(socket, count);
    else this.#underWay.delete(socket);
  }
}

function keepWhileOpen(sockets: Set<Socket>, socket: Socket): void {
  sockets.add(socket);
  socket.once('close', () => sockets.delete(socket));
}
