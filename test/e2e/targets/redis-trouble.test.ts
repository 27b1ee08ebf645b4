// @needs redis-server
/** What a target does while its Redis cannot keep its position. */
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
  const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const sink = await world.sink((_request, number) => ({
    after: gates[number - 1]?.promise ?? Promise.resolve(),
  }));
  const target = webhookOf(sink, { concurrency: 1 });
  const { gateway, push, shown } = await world.gateway([target], { ledger: redis.url });
  const untilAccepted = (count: number) =>
    until(`${count} to be accepted`, async () => (await gateway.metric(accepted)) === count, 60_000);
  for (const tag of ['a', 'b', 'c']) await push(`${repository}:${tag}`);
  await sink.received(1);
  await until('the others to wait', async () => (await shown()).waiting === 3);
  await redis.admin.config('SET', 'maxmemory', '1');
  gates[0]?.resolve();
  await untilAccepted(1);
  // Redis has refused the position when it refuses this, which came later; by then the next one is under way.
  await expect(push(`${repository}:d`)).rejects.toThrow();
  gates[1]?.resolve();
  await untilAccepted(2);
  await expect(push(`${repository}:d`)).rejects.toThrow();
  const tags = () => sink.requests.map((request) => changeIn(request).tag);
  expect(tags()).toEqual(['a', 'b']);
  await redis.admin.config('SET', 'maxmemory', '0');
  await untilAccepted(3);
  await until('the position to rise', async () => (await shown()).lag === 0, 60_000);
  expect(tags()).toEqual(['a', 'b', 'c']);
  expect((await shown()).lastFailure?.why).toMatch(/^save position: /);
}, 120_000);
