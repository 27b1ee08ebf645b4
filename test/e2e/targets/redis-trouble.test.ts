// @needs redis-server
/** What a target does while its Redis cannot keep its position, or has lost it. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type RedisNode, startRedis } from '../../support/redis.ts';
import { changeIn, TargetWorld, webhookOf } from '../../support/target-gateway.ts';
import { until } from '../../support/until.ts';

const world = new TargetWorld();
const repository = 'registry.example.com/team/app';

const accepted = /^manifeed_target_deliveries_total.*accepted/;

let redis: RedisNode;

beforeEach(async () => {
  redis = await startRedis();
});

afterEach(async () => {
  await world.end();
  await redis.stop();
});

it('a target whose Redis is out of memory sends nothing more, says why, and goes on when there is room', async () => {
  const gate = Promise.withResolvers<void>();
  const sink = await world.sink(() => ({ after: gate.promise }));
  const target = webhookOf(sink, { concurrency: 1 });
  const { gateway, push, shown } = await world.gateway([target], { ledger: redis.url });
  const untilAccepted = (count: number) =>
    until(`${count} to be accepted`, async () => (await gateway.metric(accepted)) === count, 60_000);
  for (const tag of ['a', 'b', 'c']) await push(`${repository}:${tag}`);
  await sink.received(1);
  await until('the others to wait', async () => (await shown()).waiting === 3);
  await redis.admin.config('SET', 'maxmemory', '1');
  gate.resolve();
  await untilAccepted(1);
  // Redis has refused the position when it refuses this, which came later.
  for (let at = 0; at < 3; at++) await expect(push(`${repository}:d`)).rejects.toThrow();
  const tags = () => sink.requests.map((request) => changeIn(request).tag);
  expect(tags()).toEqual(['a']);
  await redis.admin.config('SET', 'maxmemory', '0');
  await untilAccepted(3);
  await until('the position to rise', async () => (await shown()).lag === 0, 60_000);
  expect(tags()).toEqual(['a', 'b', 'c']);
  expect((await shown()).lastFailure?.why).toMatch(/^save position: /);
});

it('a target whose Redis was emptied is told so, and of what came afterwards', async () => {
  const sink = await world.sink();
  const { push, shown } = await world.gateway([webhookOf(sink)], { ledger: redis.url }, Math.random);
  await push(`${repository}:a`);
  await until('it to be accepted', async () => (await shown()).lag === 0);
  await redis.kill();
  await redis.start();
  await until('a push to be accepted', () => push(`${repository}:b`).then(() => true), 60_000);
  const received = () => sink.requests.map(({ body }) => JSON.parse(body));
  await until('it to be told', () => received().some(({ data }) => data.tag === 'b'), 60_000);
  expect(received().map(({ type }) => type)).toContain('reset');
  await until('the position to rise', async () => (await shown()).lag === 0, 60_000);
});
