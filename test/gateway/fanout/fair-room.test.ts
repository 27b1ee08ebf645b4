/** One token or address leaves the others their room, on a real gateway. */
import { createHash } from 'node:crypto';
import { afterEach, expect, test } from 'vitest';
import { type Gateway, startGateway } from '../../support/gateway.ts';
import { poll } from '../../support/long-poll-client.ts';
import { openSse } from '../../support/sse-client.ts';
import { RefusedError, toQuery } from '../../support/stream-client.ts';
import { openWebSocket } from '../../support/websocket-client.ts';

let gateway: Gateway;
afterEach(() => gateway.close());

const globs = (from: number, count: number) => Array.from({ length: count }, (_, n) => `g${from + n}/*x`);
const sha256 = (token: string) => createHash('sha256').update(token).digest('hex');
const access = ['greedy', 'modest'].map((name) => ({ name, sha256: sha256(`${name}-token`) }));
const as = (name: string) => ({ headers: { authorization: `Bearer ${name}-token` } });

async function codeOf(asking: Promise<unknown>): Promise<string> {
  const error: unknown = await asking.then(
    () => null,
    (reason: unknown) => reason,
  );
  return error instanceof RefusedError ? error.refusal.code : 'accepted';
}

test('a token that took its share over several connections leaves room for another', async () => {
  gateway = await startGateway({
    access,
    limits: { globs: 100, globsPerClient: 20, globsPerConnection: 10 },
  });
  const greedy = [
    await openSse(gateway.port, { repository: globs(0, 10) }, as('greedy')),
    await openSse(gateway.port, { repository: globs(10, 10) }, as('greedy')),
  ];
  expect(await codeOf(openSse(gateway.port, { repository: globs(20, 1) }, as('greedy')))).toBe(
    'TOO_MANY_CONNECTIONS',
  );
  const modest = await openSse(gateway.port, { repository: globs(20, 10) }, as('modest'));
  const everything = await openSse(gateway.port, {}, as('greedy'));
  for (const client of [...greedy, modest, everything]) client.close();
});

test('what a WebSocket asks for is charged to the token that its first message brings', async () => {
  gateway = await startGateway({ access, limits: { globs: 100, globsPerClient: 10 } });
  const first = await openWebSocket(gateway.port);
  await first.subscribe({ repository: globs(0, 10), access_token: 'greedy-token' }, 'a');
  const second = await openWebSocket(gateway.port);
  const asking = second.subscribe({ repository: globs(10, 1), access_token: 'greedy-token' }, 'a');
  expect(await codeOf(asking)).toBe('TOO_MANY_CONNECTIONS');
  const third = await openWebSocket(gateway.port);
  await third.subscribe({ repository: globs(10, 10), access_token: 'modest-token' }, 'a');
  for (const client of [first, second, third]) client.close();
});

test('a long-poll may ask for its globs again after each answer, near the head', async () => {
  gateway = await startGateway({ limits: { globs: 100, globsPerClient: 10 } });
  let target = `/v2/updates${toQuery({ repository: globs(0, 10) })}`;
  for (let n = 1; n <= 5; n++) {
    const { status, next } = await poll(gateway.port, target);
    expect([n, status]).toEqual([n, 200]);
    target = next ?? '';
  }
});

test('a socket that changes many globs at once is closed, before they are parsed', async () => {
  gateway = await startGateway({ limits: { globsPerConnection: 140 } });
  const socket = await openWebSocket(gateway.port);
  await socket.subscribe({ repository: globs(0, 100) }, 'a');
  socket.send({ type: 'unsubscribe', id: 'a' });
  socket.subscribe({ repository: globs(100, 200) }, 'b').catch(() => {});
  expect(await socket.closed).toBe(4100);
});
