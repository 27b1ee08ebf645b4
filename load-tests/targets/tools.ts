/**
 * All tools of the script of targets, on one port, and the publisher. The path says what the tool does:
 * `/LANE/NUMBER/accept`, `hang` (it never answers), `fail` (500), or
 * `refuse` (503, with an hour as `Retry-After`).
 */
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { hrMs } from '../bench/control.ts';
import { randomDigest } from '../bench/sample.ts';
import type { FromTools, RoundMessage, ToTools } from './messages.ts';

const repositories = 100;
const mediaType = 'application/vnd.oci.image.index.v1+json';

/** The round that is under way. */
interface Round {
  readonly message: RoundMessage;
  /** When each change was published, by digest. */
  readonly publishedAt: Map<string, number>;
  readonly latenciesMs: Float64Array;
  arrived: number;
  lastAt: number;
  readonly finish: () => void;
}

let round: Round | null = null;
let published = 0;
const agent = new Agent({ keepAlive: true });

function tell(message: FromTools): void {
  process.send?.(message);
}

function answer({ url = '' }: IncomingMessage, body: string, response: ServerResponse): void {
  const [, lane, number, behaviour] = url.split('/');
  if (behaviour === 'hang') return;
  if (behaviour === 'fail') {
    response.writeHead(500, { 'content-length': '0' }).end();
    return;
  }
  if (behaviour === 'refuse') {
    response.writeHead(503, { 'retry-after': '3600', 'content-length': '0' }).end();
    return;
  }
  response.writeHead(204).end();
  if (round === null || lane !== round.message.lane || Number(number) >= round.message.counted) return;
  const at = round.publishedAt.get(/"digest":"([^"]+)"/.exec(body)?.[1] ?? '');
  if (at === undefined) return tell({ kind: 'failed', message: `unknown change at ${url}` });
  const now = hrMs();
  round.latenciesMs[round.arrived++] = now - at;
  round.lastAt = now;
  if (round.arrived === round.latenciesMs.length) round.finish();
}

function push(publishedAt: Map<string, number>) {
  const digest = randomDigest();
  publishedAt.set(digest, hrMs());
  const number = published++;
  const repository = `registry.example.com:5000/bench/app-${number % repositories}`;
  return {
    reference: `${repository}:1.${Math.floor(number / repositories)}`,
    digest,
    mediaType,
    size: 10_229,
  };
}

async function publish({ message: { port, changes, everyMs }, publishedAt }: Round): Promise<void> {
  if (everyMs === 0)
    return post(
      port,
      Array.from({ length: changes }, () => push(publishedAt)),
    );
  const startedAt = hrMs();
  for (let i = 0; i < changes; i++) {
    await sleep(Math.max(0, startedAt + i * everyMs - hrMs()));
    void post(port, [push(publishedAt)]);
  }
}

function post(port: number, pushes: readonly unknown[]): Promise<void> {
  const body = JSON.stringify(pushes);
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
  return new Promise((resolve) => {
    const options = { host: '127.0.0.1', port, path: '/v1/hooks/publish', method: 'POST', agent, headers };
    request(options, (response) => {
      const { statusCode = 0 } = response;
      if (statusCode >= 300) tell({ kind: 'failed', message: `publish: answered ${statusCode}` });
      response.resume().on('end', resolve);
    })
      .on('error', ({ message }) => tell({ kind: 'failed', message }))
      .end(body);
  });
}

async function run(message: RoundMessage): Promise<void> {
  const startedAt = hrMs();
  const latenciesMs = new Float64Array(message.changes * message.counted);
  const { promise, resolve: finish } = Promise.withResolvers<void>();
  const mine: Round = { message, publishedAt: new Map(), latenciesMs, arrived: 0, lastAt: startedAt, finish };
  round = mine;
  await publish(mine);
  if (latenciesMs.length > 0) await promise;
  tell({ kind: 'done', latenciesMs, elapsedMs: mine.lastAt - startedAt });
}

const server = createServer((incoming, response) => {
  let body = '';
  incoming.setEncoding('latin1').on('data', (chunk: string) => {
    body += chunk;
  });
  incoming.on('end', () => answer(incoming, body, response));
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (typeof address === 'object' && address !== null) tell({ kind: 'listening', port: address.port });
});

process.on('message', (message: ToTools) => void run(message));
