import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { ConnectionLimits } from '../limits.ts';
import { blockOf } from '../request/address-block.ts';

/** How connections are told apart, and bounded. */
export interface ConnectionsOptions {
  readonly limits: ConnectionLimits;
  readonly isSecure: boolean;
  /** Whether an address is not counted. */
  readonly isExempt: (address: string) => boolean;
  /** Answers a request. */
  readonly handle: RequestListener;
}

/** The connections of a server, within bounds, and which of them have a request under way. */
export class Connections {
  /** Everything below HTTP, handshakes that have not ended included. */
  readonly #raw = new Set<Socket>();
  readonly #open = new Set<Socket>();
  readonly #underWay = new Map<Socket, Set<ServerResponse>>();
  /** The request that was begun last on each, and its answer. */
  readonly #last = new WeakMap<Duplex, Exchange>();
  /** Those on which nothing more is read. */
  readonly #ending = new WeakSet<Duplex>();
  readonly #byBlock = new Map<string, number>();
  /** Those that have sent no request yet, and since when (milliseconds): the oldest first. */
  readonly #silent = new Map<Socket, number>();
  readonly #limits: ConnectionLimits;
  readonly #isExempt: (address: string) => boolean;

  constructor(server: Server, { limits, isSecure, isExempt, handle }: ConnectionsOptions) {
    this.#limits = limits;
    this.#isExempt = isExempt;
    server.maxConnections = limits.ofAll;
    server.on('connection', (socket: Socket) => {
      if (!this.#countAddress(socket)) return;
      keepWhileOpen(this.#raw, socket);
      // Above a handshake it is another socket, of which the request will be.
      if (!isSecure) this.#awaitRequest(socket);
      this.#cutOffSilent();
    });
    if (isSecure) server.on('secureConnection', (socket: Socket) => this.#awaitRequest(socket));
    server.on(isSecure ? 'secureConnection' : 'connection', (socket: Socket) => keepWhileOpen(this.#open, socket));
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      if (this.#begin(request, response)) handle(request, response);
    });
  }

  /** Ends those on which nothing is under way. */
  endIdle(): void {
    for (const socket of this.#open) if (!this.#underWay.has(socket)) socket.destroySoon();
  }

  /** How many requests are under way. */
  countUnderWay(): number {
    return this.#underWay.values().reduce((total, { size }) => total + size, 0);
  }

  /**
   * Ends a connection on which something came that is no request, by what `end` says of it: behind the answers of the
   * requests before it, so that nobody takes it for one of these. Where it broke off a request that was answered already,
   * nothing more is said.
   */
  endInTurn(socket: Duplex, end: () => void): void {
    if (this.#ending.has(socket)) return;
    this.#ending.add(socket);
    socket.pause();
    const broken = brokenOff(this.#last.get(socket));
    const before = [...(this.#underWay.get(socket as Socket) ?? [])].filter((response) => response !== broken);
    void Promise.all(before.map(closing)).then(() => {
      if (socket.writable && !broken?.headersSent) end();
      else if (broken?.writableFinished) (socket as Socket).destroySoon();
      else socket.destroy();
    });
  }

  /** Cuts off all of them. */
  cutOff(): void {
    for (const socket of this.#raw) socket.destroy();
  }

  /** Counts a connection for its address; one too many is cut off. */
  #countAddress(socket: Socket): boolean {
    const { remoteAddress } = socket;
    if (remoteAddress === undefined || this.#isExempt(remoteAddress)) return true;
    const block = blockOf(remoteAddress);
    const count = (this.#byBlock.get(block) ?? 0) + 1;
    if (count > this.#limits.ofOne) {
      socket.destroy();
      return false;
    }
    this.#byBlock.set(block, count);
    socket.once('close', () => this.#forget(block));
    return true;
  }

  #forget(block: string): void {
    const count = (this.#byBlock.get(block) ?? 0) - 1;
    if (count > 0) this.#byBlock.set(block, count);
    else this.#byBlock.delete(block);
  }

  #awaitRequest(socket: Socket): void {
    this.#silent.set(socket, performance.now());
    socket.once('close', () => this.#silent.delete(socket));
  }

  /** Counts a request; on a connection with too many of them under way nothing more is answered. */
  #begin(request: IncomingMessage, response: ServerResponse): boolean {
    const { socket } = request;
    this.#silent.delete(socket);
    const underWay = this.#underWay.get(socket) ?? new Set();
    const isOneTooMany = underWay.size >= this.#limits.pipelined;
    // What had arrived already is still handed over.
    if (isOneTooMany || socket.destroyed) {
      socket.destroy();
      return false;
    }
    this.#last.set(socket, { request, response });
    this.#underWay.set(socket, underWay.add(response));
    response.once('close', () => {
      underWay.delete(response);
      if (underWay.size === 0) this.#underWay.delete(socket);
    });
    return true;
  }

  // Where there are many, those that say nothing make room for those that do.
  #cutOffSilent(): void {
    const { crowd, patience } = this.#limits;
    if (this.#raw.size < crowd) return;
    const before = performance.now() - patience;
    for (const [socket, since] of this.#silent) {
      if (since > before) return;
      socket.destroy();
    }
  }
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

// What is wrong behind a request that has come whole is not wrong with that one.
function brokenOff(last: Exchange | undefined): ServerResponse | undefined {
  return last?.request.complete === false ? last.response : undefined;
}

function closing(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => response.once('close', resolve));
}

function keepWhileOpen(sockets: Set<Socket>, socket: Socket): void {
  sockets.add(socket);
  socket.once('close', () => sockets.delete(socket));
}
