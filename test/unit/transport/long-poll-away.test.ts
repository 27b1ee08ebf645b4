/** Long-poll while the ledger cannot be read: the hub and the clock are real ones in a test's hands. */
import fastify from 'fastify';
import { afterEach, expect, it } from 'vitest';
import { ManifeedError } from '../../../src/errors.ts';
import { longPollRoute } from '../../../src/transport/long-poll.ts';
import type { Admission } from '../../../src/transport/stream-request.ts';
import { everything, openWorld, type World } from '../../support/hub-world.ts';

const admission: Admission = {
  needsToken: false,
  enter() {
    inside++;
  },
  leave() {
    inside--;
  },
  authorise: () => ({ ...everything, unpaced: true }),
  corsHeaders: () => '',
  checkHost() {},
  allowsOrigin: () => true,
  knowsRegistry: () => true,
  refused() {},
};

let world: World;
const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function serve() {
  world = await openWorld();
  const app = fastify();
  app.setErrorHandler((error, _request, reply) => {
    if (!(error instanceof ManifeedError)) throw error;
    return reply.code(error.status).send(error.toBody());
  });
  longPollRoute(app, {
    hub: world.hub,
    admission,
    clock: world.clock,
    limits: {
      defaultRegistry: 'docker.io',
      repositoriesPerSubscription: 10,
      tagsPerSubscription: 10,
      longPollMaxWaitMs: 60_000,
      stalledTimeoutMs: 60_000,
    },
  });
  const listening = app.listen({ host: '127.0.0.1', port: 0 });
  closing.push(async () => {
    world.hub.close();
    await app.close();
  });
  const url = await listening;
  return (query: string) => fetch(`${url}/v2/updates${query}`);
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
  expect(await away.json()).toMatchObject({ errors: [{ code: 'UNAVAILABLE' }] });
  world.ledger.away = false;
  const back = await answered(get('?since=2020-01-01T00:00:00Z'));
  expect(await back.json()).toMatchObject([{ tag: '1' }]);
});

it('G4: answers an empty page with the position that was asked for while what follows cannot be read', async () => {
  const get = await serve();
  await world.push('app', '1');
  const { epoch } = world.hub.head;
  world.ledger.away = true;
  const away = await answered(get(`?after=${epoch}-0`));
  expect([away.status, await away.text()]).toEqual([200, '[]']);
  expect(away.headers.get('link')).toContain(`after=${epoch}-0>`);
});
