/** A line to a gateway that can be cut, frozen, or closed to some requests, like the networks between people and servers. */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface Line {
  readonly url: string;
  /** Cuts all connections. */
  cut(): void;
  /** Lets nothing through any more on connections whose last request fits, and closes none. New ones work. */
  freeze(fits: RegExp): void;
  /** From now on connections whose first request fits are closed at once. Null: none are. */
  refuse(fits: RegExp | null): void;
  close(): Promise<void>;
}

/** Opens a line to a port of this machine. */
export async function openLine(port: number): Promise<Line> {
  const pairs = new Map<Socket, Pair>();
  let refused: RegExp | null = null;
  const server = createServer({ noDelay: true }, (client) => {
    const target = connect({ host: '127.0.0.1', port, noDelay: true });
    const pair = { isFrozen: false, head: '' };
    pairs.set(client, pair);
    const end = () => {
      if (pair.isFrozen) return;
      pairs.delete(client);
      client.destroy();
      target.destroy();
    };
    for (const socket of [client, target]) socket.on('error', end).on('close', end);
    // Each chunk: a client sends several requests over one connection.
    client.on('data', (bytes) => {
      const text = bytes.toString();
      if (text.startsWith('GET ')) pair.head = text;
      if (refused?.test(text)) end();
      else if (!pair.isFrozen) target.write(bytes);
    });
    target.on('data', (bytes) => {
      if (!pair.isFrozen) client.write(bytes);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const cut = () => {
    for (const client of [...pairs.keys()]) client.destroy();
  };
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut,
    freeze(fits) {
      for (const pair of pairs.values()) pair.isFrozen = fits.test(pair.head);
    },
    refuse(fits) {
      refused = fits;
    },
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const pair of pairs.values()) pair.isFrozen = false;
      cut();
      await closed;
    },
  };
}

interface Pair {
  /** The last request. */
  head: string;
  isFrozen: boolean;
}
