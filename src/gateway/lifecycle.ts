/** How an assembled gateway listens, drains and ends. */
import type { AddressInfo } from 'node:net';
import type { Admission } from '../access/admission.ts';
import type { Config } from '../config/shape.ts';
import { drain } from '../fanout/drain.ts';
import type { Hub } from '../fanout/hub.ts';
import { closeServer, type Server } from '../http/server.ts';
import type { Clock } from '../lib/clock.ts';
import type { Random } from '../lib/random.ts';

/** A running gateway. */
export interface App {
  /** Clients that are connected to it, over all transports. */
  readonly subscribers: number;
  /** Listens; resolves with the address. */
  listen(): Promise<{ readonly host: string; readonly port: number }>;
  /**
   * Becomes unready at once, gives its targets away, and closes every subscriber with a bookmark, evenly over the drain
   * window.
   * @param signal ends it at once, and has `close` wait for nothing that it can break off
   */
  drain(signal?: AbortSignal): Promise<void>;
  /** Idempotent. */
  close(): Promise<void>;
}

interface Closable {
  close(): unknown;
}

interface LifecycleParts {
  readonly config: Pick<Config, 'listen' | 'drain'>;
  readonly server: Server;
  readonly admission: Admission;
  readonly hub: Hub;
  /** Stops for what runs beside the requests. */
  readonly stops: readonly (() => void)[];
  /** What brings changes; closed in order, before the subscribers leave. */
  readonly sources: readonly Closable[];
  /** Closed as soon as a drain begins: another gateway serves them then. `hurry` breaks off what that waits for. */
  readonly targets: { close(): Promise<void>; hurry(): void };
  /** Closed after the subscribers left, before the server. */
  readonly cluster: Closable;
  /** Closed last. */
  readonly ledger: Closable;
  readonly clock: Clock;
  readonly random: Random;
}

/** Listening backlog: the kernel must not refuse a reconnect storm. */
const backlog = 4_096;

/** See `App`. */
export class Lifecycle implements App {
  readonly #parts: LifecycleParts;
  #closing: Promise<void> | null = null;

  constructor(parts: LifecycleParts) {
    this.#parts = parts;
  }

  get subscribers(): number {
    return this.#parts.hub.census().clients;
  }

  async listen(): Promise<{ readonly host: string; readonly port: number }> {
    const { server, config } = this.#parts;
    await server.listen({ ...config.listen, backlog });
    const { address, port } = server.server.address() as AddressInfo;
    return { host: address, port };
  }

  async drain(signal?: AbortSignal): Promise<void> {
    const { admission, config, targets } = this.#parts;
    admission.drain();
    signal?.addEventListener('abort', () => targets.hurry(), { once: true });
    // It takes them from the hub at once, so that the window is the subscribers' alone.
    const targetsClosed = targets.close();
    const windowMs = config.drain.windowMs;
    const drained = drain({ ...this.#parts, windowMs, ...(signal === undefined ? {} : { signal }) });
    await Promise.all([targetsClosed, drained]);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const { admission, stops, server, sources, targets, hub, cluster, ledger } = this.#parts;
    admission.drain();
    // Fastify stops listening only some turns later: a client that connects until then would delay the end.
    if (server.server.listening) server.server.close();
    for (const stop of stops) stop();
    for (const source of sources) await source.close();
    await targets.close();
    await drain({ ...this.#parts, windowMs: 0 });
    hub.close();
    await cluster.close();
    await closeServer(server);
    await ledger.close();
  }
}
