/** The costliest input that a stranger can send. Each attack resolves to how it ended. */
import type { Gateway } from '../bench/gateway.ts';
import {
  costlyGlobs,
  costlyRanges,
  globsPerConnection,
  manyNames,
  rangesPerConnection,
  toQuery,
} from './costly.ts';
import { ask, HostileClient } from './hostile-client.ts';

export interface Attack {
  readonly name: string;
  run(gateway: Gateway, epoch: string): Promise<string>;
}

/** Each attack has different globs, so that verdicts learned from one do not speed up the next. */
let used = 0;
function freshGlobs(): readonly string[] {
  used += globsPerConnection;
  return costlyGlobs(globsPerConnection, used);
}

async function subscribed(gateway: Gateway, members: Readonly<Record<string, unknown>>): Promise<string> {
  const client = await HostileClient.webSocket(gateway.port);
  client.say({ type: 'subscribe', id: 'a', ...members });
  const ending = await client.until('"type":"ready"');
  client.close();
  return ending;
}

async function streamed(gateway: Gateway, members: Readonly<Record<string, string | readonly string[]>>) {
  const client = HostileClient.sse(gateway.port, `/v1/events?${toQuery(members)}`);
  const ending = await client.until('event: ready');
  client.close();
  return ending;
}

const names = () => {
  const { repository, tag } = manyNames();
  return { repository, tag };
};

export const attacks: readonly Attack[] = [
  {
    name: 'long-poll, newest',
    run: ({ port }) => ask(port, `/v2/updates?${toQuery({ repository: freshGlobs() })}`),
  },
  {
    name: 'long-poll, whole past',
    run: ({ port }, epoch) =>
      ask(port, `/v2/updates?${toQuery({ repository: freshGlobs(), after: `${epoch}-0` })}`),
  },
  {
    name: 'SSE, whole past',
    run: (gateway, epoch) => streamed(gateway, { repository: freshGlobs(), after: `${epoch}-0` }),
  },
  {
    name: 'WebSocket, whole past',
    run: (gateway, epoch) => subscribed(gateway, { repository: freshGlobs(), after: `${epoch}-0` }),
  },
  {
    name: 'WebSocket, whole past, by ranges',
    run: (gateway, epoch) =>
      subscribed(gateway, { tag: costlyRanges(rangesPerConnection), after: `${epoch}-0` }),
  },
  {
    name: 'SSE, snapshot',
    run: (gateway) => streamed(gateway, { repository: freshGlobs(), snapshot: 'true' }),
  },
  {
    name: 'subscribe, 1,000 globs, and close',
    run: (gateway) =>
      subscribed(gateway, { repository: Array.from({ length: 1_000 }, (_, n) => `team-${n}/**`) }),
  },
  {
    name: 'subscribe, 62 ranges, and close',
    run: (gateway) => subscribed(gateway, { tag: costlyRanges(rangesPerConnection, 1_000) }),
  },
  { name: 'subscribe, 1,000 names with 70 tags, and close', run: (gateway) => subscribed(gateway, names()) },
  {
    name: 'ten that ask and leave at once',
    async run({ port }, epoch) {
      for (let n = 0; n < 10; n++) {
        const query = toQuery({ repository: freshGlobs(), after: `${epoch}-0`, wait: '60s' });
        const client = new HostileClient(
          port,
          `GET /v2/updates?${query} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`,
        );
        await new Promise((resolve) => setTimeout(resolve, 20));
        client.close();
      }
      return 'done';
    },
  },
];

/** Opens `count` sockets with the costliest filters, each from its own address; with `withRanges`, half use ranges. */
export async function besiege(gateway: Gateway, count: number, withRanges: boolean) {
  const clients: HostileClient[] = [];
  let refused = 0;
  for (let n = 0; n < count; n++) {
    const client = await HostileClient.webSocket(gateway.port);
    const members =
      withRanges && n % 2 === 1
        ? { tag: costlyRanges(rangesPerConnection, n * rangesPerConnection + 5_000) }
        : { repository: costlyGlobs(globsPerConnection, n * globsPerConnection + 20_000) };
    client.say({ type: 'subscribe', id: 'a', ...members });
    if ((await client.until('"type":"ready"')) !== 'done') refused++;
    clients.push(client);
  }
  return { clients, refused };
}

/** Ten sockets that replace 900 globs: all at once, then one every two seconds. Resolves to a function that ends it. */
export async function churn(gateway: Gateway): Promise<() => void> {
  const clients = await Promise.all(Array.from({ length: 10 }, () => HostileClient.webSocket(gateway.port)));
  let round = 0;
  const replace = (client: HostileClient) => {
    round++;
    client.say({ type: 'unsubscribe', id: `${round - clients.length}` });
    const repository = Array.from({ length: 900 }, (_, glob) => `churn-${round}-${glob}/**`);
    client.say({ type: 'subscribe', id: `${round}`, repository });
  };
  for (const client of clients) replace(client);
  // Each may send 40 new globs a second: 900 after 22 s.
  const timer = setInterval(() => {
    const client = clients[round % clients.length];
    if (client !== undefined) replace(client);
  }, 2_250);
  return () => {
    clearInterval(timer);
    for (const client of clients) client.close();
  };
}
