/** A model subscriber: it reconnects whenever it loses its stream, and resumes from its position. */
import { patienceMs } from './inbox.ts';
import { openLongPoll } from './long-poll-client.ts';
import { openSse } from './sse-client.ts';
import type { Params, StreamClient, WireChange } from './stream-client.ts';
import { openWebSocket } from './websocket-client.ts';

export type Transport = 'sse' | 'websocket' | 'long-poll';

export interface Follower {
  readonly transport: Transport;
  /** All changes in order of arrival, repeats included. */
  readonly changes: readonly WireChange[];
  readonly resets: readonly string[];
  connections(): number;
  until(fits: (change: WireChange) => boolean): Promise<void>;
  stop(): void;
}

/** Wait between two attempts to connect, ms: the process on the other side may be dead. */
const retryMs = 25;

export function follow(transport: Transport, port: number, params: Params, after: string): Follower {
  const changes: WireChange[] = [];
  const resets: string[] = [];
  const watchers = new Set<() => void>();
  let resume = after;
  let stopped = false;
  let connections = 0;
  let current: StreamClient | null = null;

  async function connect(): Promise<StreamClient> {
    const from = { ...params, after: resume };
    if (transport === 'long-poll') return openLongPoll(port, from);
    // Like a browser, repeat the first URL, with the last id in a header.
    if (transport === 'sse') {
      return openSse(port, { ...params, after }, { headers: { 'Last-Event-ID': resume } });
    }
    const client = await openWebSocket(port);
    await client.subscribe(from);
    return client;
  }

  async function read(client: StreamClient): Promise<void> {
    for (;;) {
      const message = await client.inbox.next(patienceMs * 10);
      if (message.kind === 'change') {
        changes.push(message.change);
        resume = message.resume;
        for (const watch of watchers) watch();
      } else if (message.kind === 'bookmark') resume = message.position;
      else if (message.kind === 'reset') {
        resets.push(message.reason);
        resume = message.position;
      }
    }
  }

  async function run(): Promise<void> {
    while (!stopped) {
      try {
        current = await connect();
        connections++;
        await read(current);
      } catch {
        current?.close();
        await new Promise((resolve) => setTimeout(resolve, retryMs));
      }
    }
  }

  void run();
  return {
    transport,
    changes,
    resets,
    connections: () => connections,
    until: (fits) =>
      new Promise((resolve, reject) => {
        const look = () => {
          if (!changes.some(fits)) return;
          clearTimeout(timer);
          watchers.delete(look);
          resolve();
        };
        const timer = setTimeout(() => {
          watchers.delete(look);
          reject(new Error(`wait for a change over ${transport}: not within ${patienceMs * 2} ms`));
        }, patienceMs * 2);
        watchers.add(look);
        look();
      }),
    stop() {
      stopped = true;
      current?.close();
    },
  };
}
