/** Long-poll while the ledger cannot be read, the pace holds back, or the client has gone: the hub and the clock are real ones in a test's hands. */
import fastify, { type FastifyRequest } from 'fastify';
import { afterEach, describe, expect, it } from 'vitest';
import { ManifeedError } from '../../../src/errors.ts';
import type { Admission } from '../../../src/transport/admission.ts';
import { longPollHandler } from '../../../src/transport/long-poll.ts';
import { RequestReader } from '../../../src/transport/request.ts';
import { everything, openWorld, type World, type WorldOptions } from '../../support/hub-world.ts';
import { defaultInterestLimits } from '../../support/interest-limits.ts';

/** Requests that entered and have not left. */
let inside = 0;

const admission: Admission = {
  needsToken: false,
  enter() {
    inside++;
  },
  leave() {
    inside--;
  },
  enterWaiting() {},
  admit() {},
  leaveWaiting() {},
  authorise: () => ({ ...everything, owner: null, unpaced: true }),
  origins: { corsHeaders: () => '', allows: () => true, explain: () => '' },
  checkHost() {},
  knowsRegistry: () => true,
  latestSince: () => Date.now(),
  refused() {},
  refusedHandshake() {},
  foreignPage() {},
};

let world: World;
const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function serve(
  options: WorldOptions = {},
  before: (request: FastifyRequest) => Promise<void> = async () => {},
) {
  inside = 0;
  world = await openWorld(options);
  const app = fastify();
  app.addHook('onRequest', before);
  app.setErrorHandler((error, _request, reply) => {
    if (!(error instanceof ManifeedError)) throw error;
    return reply.code(error.status).send(error.toBody());
  });
  const answer = longPollHandler({
    hub: world.hub,
    admission,
    clock: world.clock,
    requests: new RequestReader(
      { defaultRegistry: 'docker.io', repositoriesPerSubscription: 10, tagsPerSubscription: 10 },
      admission,
    ),
    limits: { longPollMaxWaitMs: 60_000, stalledTimeoutMs: 60_000 },
  });
  app.get('/v2/updates', answer);
  const listening = app.listen({ host: '127.0.0.1', port: 0 });
  closing.push(async () => {
    world.hub.close();
    await app.close();
  });
  const url = await listening;
  return (query: string, signal?: AbortSignal) =>
    fetch(`${url}/v2/updates${query}`, signal === undefined ? {} : { signal });
}

/** Lets the hub's clock run until the answer is there. */
async function answered(asking: Promise<Response>): Promise<Response> {
  let answer: Response | null = null;
  void asking.then((response) => {
    answer = response;
  });
  while (answer === null) await world.pass(100);
  return answer;
}

it('G5: answers 503, not an empty page, while nobody can tell where since lies', async () => {
  const get = await serve();
  await world.push('app', '1');
  world.ledger.away = true;
  const away = await answered(get('?since=2020-01-01T00:00:00Z'));
  expect(away.status).toBe(503);
  const message = expect.stringMatching(/^read changes: the ledger did not answer in time/);
  expect(await away.json()).toMatchObject({ errors: [{ code: 'UNAVAILABLE', message }] });
  world.ledger.away = false;
  const back = await answered(get('?since=2020-01-01T00:00:00Z'));
  expect(await back.json()).toMatchObject([{ tag: '1' }]);
});

it('G5: answers 503, not an empty page, while what follows a position cannot be read', async () => {
  const get = await serve();
  await world.push('app', '1');
  world.ledger.away = true;
  for (const after of [`${world.hub.head.epoch}-0`, 'zzzzzzzz-1']) {
    const away = await answered(get(`?after=${after}`));
    expect([away.status, away.headers.get('link')]).toEqual([503, null]);
    expect(await away.json()).toMatchObject({ errors: [{ code: 'UNAVAILABLE' }] });
  }
});

it('G4: answers an empty page as far as it has read when time is up in the middle of a long past', async () => {
  const get = await serve({ history: { maxFrames: 1, pageSize: 2 } });
  for (let n = 0; n < 8; n++) await world.push('app', '1');
  const { epoch } = world.hub.head;
  world.ledger.held = true;
  const asking = get(`?tag=none&after=${epoch}-0`);
  // The bounds, then the first page.
  while (world.ledger.waiting < 1) await world.settle();
  world.ledger.release();
  while (world.ledger.waiting < 1) await world.settle();
  world.ledger.release();
  while (world.ledger.waiting < 1) await world.settle();
  const answer = await answered(asking);
  expect([answer.status, await answer.text()]).toEqual([200, '[]']);
  expect(answer.headers.get('link')).toContain(`after=${epoch}-2>`);
});

it.each(['', '&after=0'])('paces an answer like any other catch-up: %s', async (start) => {
  const get = await serve({ pace: { deliveriesPerSecond: 1, burst: 0 } });
  await world.push('app', '1');
  const { epoch } = world.hub.head;
  const query = `?wait=20s${start.replace('0', `${epoch}-0`)}`;
  const startedAt = world.clock.monotonic();
  const answers = await Promise.all([1, 2, 3, 4].map(() => answered(get(query))));
  for (const answer of answers) expect(await answer.json()).toMatchObject([{ tag: '1' }]);
  expect(world.clock.monotonic() - startedAt).toBeGreaterThan(2_500);
});

it('answers 503 to whom the pace gives no turn in time', async () => {
  const get = await serve({ pace: { deliveriesPerSecond: 0.1, burst: 0 } });
  await world.push('app', '1');
  for (const query of ['', `?after=${world.hub.head.epoch}-0`]) {
    const answer = await answered(get(query));
    expect(answer.status).toBe(503);
    const message = expect.stringMatching(/^read changes: the pace gave no turn in time: wait longer/);
    expect(await answer.json()).toMatchObject({ errors: [{ code: 'UNAVAILABLE', message }] });
  }
});

it('a request over the bounds of what may be asked for is refused, and no subscriber', async () => {
  const get = await serve({ interests: { ...defaultInterestLimits, globsPerConnection: 1 } });
  const answer = await get('?repository=r.test/a*&repository=r.test/b*&wait=60s');
  expect(answer.status).toBe(400);
  expect(await answer.json()).toMatchObject({ errors: [{ code: 'SUBSCRIPTION_LIMIT' }] });
  expect(world.hub.table.size).toBe(0);
});

describe('a client that leaves', () => {
  it('before its request is served never becomes a subscriber', async () => {
    const handling = Promise.withResolvers<void>();
    const left = Promise.withResolvers<void>();
    const get = await serve({}, async (request) => {
      request.raw.once('close', () => left.resolve());
      handling.resolve();
      await left.promise;
    });
    const over = new AbortController();
    const asking = get('?wait=60s', over.signal).catch(() => null);
    await handling.promise;
    over.abort();
    await asking;
    await left.promise;
    await world.settle();
    expect([inside, world.hub.table.size]).toEqual([0, 0]);
  });

  it('while the past is read never becomes a subscriber', async () => {
    const left = Promise.withResolvers<void>();
    const get = await serve({}, async (request) => {
      request.raw.once('close', () => left.resolve());
    });
    world.ledger.held = true;
    const over = new AbortController();
    const asking = get('?wait=60s', over.signal).catch(() => null);
    while (world.ledger.waiting < 1) await world.settle();
    expect(inside).toBe(1);
    over.abort();
    await asking;
    await left.promise;
    world.ledger.release();
    await world.settle();
    expect([inside, world.hub.table.size]).toEqual([0, 0]);
  });
});
