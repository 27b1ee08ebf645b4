// @needs redis-server
/** Three gateways on one Redis, and the one that serves a target dies: another one goes on. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type RedisNode, startRedis } from '../../support/redis.ts';
import { SinkServer } from '../../support/sink-server.ts';
import { type ShownTarget, webhookOf } from '../../support/target-gateway.ts';
import { until } from '../../support/until.ts';
import { type Cluster, startCluster } from '../chaos/cluster.ts';
import { TargetStory } from '../support/target-story.ts';

const concurrency = 4;

let redis: RedisNode;
let cluster: Cluster;
let sink: SinkServer;

beforeAll(async () => {
  redis = await startRedis();
  sink = await SinkServer.start();
  const targets = [webhookOf(sink, { concurrency })];
  cluster = await startCluster({
    count: 3,
    settings: (number) => ({ name: `g${number}`, ledger: redis.url, targets }),
  });
});

afterAll(async () => {
  await cluster?.close();
  await sink?.close();
  await redis?.stop();
});

/** The number of the gateway that serves the target, as the `asked` one says. */
async function owner(asked: number): Promise<number | null> {
  const answer = await fetch(`${cluster.at(asked).url}/v1/targets`);
  const { targets } = (await answer.json()) as { targets: readonly ShownTarget[] };
  const number = /^g([0-9]):/.exec(targets[0]?.holder ?? '')?.[1];
  return number === undefined ? null : Number(number);
}

it('one at a time serves a target; when it dies, another one goes on, and nothing is missed', async ({
  annotate,
}) => {
  const story = new TargetStory();
  sink.script = story.script(0);
  await until('a gateway to serve it', async () => (await owner(0)) !== null);
  const alive = [0, 1, 2];
  story.start('r.test/team/app', () => cluster.at(alive[0] ?? 0).port);
  await story.untilMore(200);
  // In normal operation, nothing comes twice.
  expect(story.repeats).toBe(0);
  for (let death = 0; death < 2; death++) {
    const dying = (await owner(alive[0] ?? 0)) ?? -1;
    expect(alive).toContain(dying);
    sink.script = story.script(3);
    alive.splice(alive.indexOf(dying), 1);
    const before = story.count;
    await cluster.at(dying).stop('SIGKILL');
    // The lease lasts 6 s, and the others look every 2 s; the rest is the machine's.
    await until('another gateway to go on', () => story.count > before + concurrency, 30_000);
    await story.untilMore(50);
  }
  await story.end();
  story.check();
  await annotate(`${story.repeats} of ${story.accepted.length} accepted requests were repeats`);
  expect(story.repeats).toBeLessThanOrEqual(2 * concurrency * 2);
}, 240_000);
