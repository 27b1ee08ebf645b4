/**
 * Opens subscribers on bare sockets and notes when each receives a change. It parses only heads and markers, so
 * that one core keeps up with the server's.
 */
import { connect, type Socket } from 'node:net';
import { type FromDriver, hrMs, type OpenMessage, type ToDriver } from './control.ts';
import { MarkerCounter } from './marker-counter.ts';
import { pingsIn } from './pings.ts';
import { changeMarker } from './sample.ts';
import { pongFrame, textFrame } from './text-frame.ts';

/** Connects under way: enough to keep a server busy, far below its listen backlog. */
const maxConnecting = 256;
const readBytes = 65_536;
const sources = 16;

/**
 * Beyond some 14,000 connections from one address to one server, the kernel's search for a free port takes longer
 * than the rest of a connect. Only Linux has all of 127.0.0.0/8 by default.
 */
function source(index: number): { readonly localAddress?: string } {
  return process.platform === 'linux' ? { localAddress: `127.0.0.${2 + (index % sources)}` } : {};
}

function tell(message: FromDriver): void {
  process.send?.(message);
}

function fail(message: string): void {
  tell({ kind: 'failed', message });
}

class Swarm {
  readonly #options: OpenMessage;
  readonly #subscribe: Buffer | null;
  readonly #ready: Buffer;
  readonly #marker: MarkerCounter;
  readonly #sockets: Socket[] = [];
  /** 0 connecting, 1 head seen, 2 ready, 3 ready and reads nothing. */
  readonly #phase: Uint8Array;
  readonly #startedAt = hrMs();
  #heads = 0;
  #headsMs = 0;
  #readyCount = 0;
  #readers = 0;
  #arrivals = new Float64Array(0);
  #arrived = 0;
  #bytes = 0;

  constructor(options: OpenMessage) {
    this.#options = options;
    this.#subscribe = options.subscribe === null ? null : textFrame(options.subscribe);
    this.#ready = Buffer.from(options.readyMarker);
    this.#marker = new MarkerCounter(changeMarker, options.connections);
    this.#phase = new Uint8Array(options.connections);
    for (let i = 0; i < Math.min(maxConnecting, options.connections); i++) this.#openNext();
  }

  arm(changes: number): void {
    this.#arrivals = new Float64Array(this.#readers * changes);
    this.#arrived = 0;
    this.#bytes = 0;
    tell({ kind: 'armed' });
  }

  #openNext(): void {
    const index = this.#sockets.length;
    if (index >= this.#options.connections) return;
    // All sockets share one read buffer, which spares a copy per delivery: each read is handled before the next.
    const socket = connect({
      port: this.#options.port,
      host: '127.0.0.1',
      ...source(index),
      onread: { buffer: shared, callback: (length) => this.#onRead(index, shared.subarray(0, length)) },
    });
    socket.on('error', (error) => fail(`connection ${index}: ${error.message}`));
    socket.on('close', () => {
      if (this.#phase[index] !== 3) fail(`connection ${index}: closed by the server`);
    });
    this.#sockets.push(socket);
    socket.write(this.#options.request);
  }

  #onRead(index: number, chunk: Buffer): boolean {
    this.#bytes += chunk.length;
    const phase = this.#phase[index];
    if (phase === 2) {
      const found = this.#marker.count(index, chunk);
      if (found > 0) this.#onChange(found);
      if (this.#subscribe !== null) {
        for (const payload of pingsIn(chunk)) this.#sockets[index]?.write(pongFrame(payload));
      }
      return true;
    }
    if (phase === 0) this.#onHead(index, chunk);
    if (chunk.includes(this.#ready)) this.#onReady(index);
    return this.#phase[index] !== 3;
  }

  #onHead(index: number, chunk: Buffer): void {
    const status = chunk.toString('latin1', 0, 12);
    if (status !== 'HTTP/1.1 200' && status !== 'HTTP/1.1 101') {
      fail(`connection ${index}: refused: ${chunk.toString('latin1', 0, 300)}`);
      return;
    }
    this.#phase[index] = 1;
    this.#heads += 1;
    if (this.#subscribe !== null) this.#sockets[index]?.write(this.#subscribe);
    if (this.#heads === this.#options.connections) this.#headsMs = hrMs() - this.#startedAt;
    this.#openNext();
  }

  #onReady(index: number): void {
    const { stallEvery, connections } = this.#options;
    const stalls = stallEvery > 0 && index % stallEvery === 0;
    this.#phase[index] = stalls ? 3 : 2;
    if (!stalls) this.#readers += 1;
    this.#readyCount += 1;
    if (this.#readyCount !== connections) return;
    tell({ kind: 'opened', connections, headsMs: this.#headsMs, readyMs: hrMs() - this.#startedAt });
  }

  #onChange(found: number): void {
    const at = hrMs();
    for (let i = 0; i < found && this.#arrived < this.#arrivals.length; i++) {
      this.#arrivals[this.#arrived++] = at;
      if (this.#arrived === this.#arrivals.length) {
        tell({ kind: 'arrived', at: this.#arrivals, bytes: this.#bytes });
      }
    }
  }
}

const shared = Buffer.allocUnsafe(readBytes);
let swarm: Swarm | null = null;

process.on('message', (message: ToDriver) => {
  if (message.kind === 'open') swarm = new Swarm(message);
  else swarm?.arm(message.changes ?? 1);
});
