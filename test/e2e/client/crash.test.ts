// @needs chromium
/** The gateway is killed again and again under load; the clients in Node and in a page miss nothing. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import type { TransportName } from '../../../client/src/index.ts';
import { freePort } from '../../support/free-port.ts';
import { digest, type GatewayProcess, publish, spawnGateway } from '../../support/gateway.ts';
import { until } from '../../support/until.ts';
import { Pusher } from '../support/pusher.ts';
import { nodeRunner } from './support/node-runner.ts';
import { pageRunner } from './support/page-runner.ts';
import type { Followed, Runner, Told } from './support/runner.ts';

const kills = 20;
/** Acknowledged between a start and its kill, so that each kill comes in the middle of the streams. */
const leastPerRound = 20;
const repository = 'r.test/team/app';

const folder = mkdtempSync(join(tmpdir(), 'manifeed-client-crash-'));
const runners: Runner[] = [];
let gateway: GatewayProcess | null = null;
afterAll(async () => {
  for (const runner of runners) await runner.close();
  await gateway?.stop('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

it(`G1: ${kills} times kill -9: Node and a page see every acknowledged change once, in order`, async () => {
  runners.push(await nodeRunner(), await pageRunner());
  const origins = runners.flatMap(({ origin }) => (origin === null ? [] : [origin]));
  const port = await freePort();
  const start = async () => {
    const settings = { ledger: `sqlite:${join(folder, 'manifeed.db')}`, cors: { origins } };
    gateway = await spawnGateway({ port, settings });
    return gateway;
  };
  let process = await start();
  const followed = new Map<string, Followed>();
  for (const runner of runners)
    for (const transport of ['websocket', 'sse', 'long-poll'] satisfies TransportName[]) {
      const feed = await runner.follow({ url: process.url, transport, filter: { type: '*' } });
      followed.set(`${transport} ${runner.origin === null ? 'in Node' : 'in a page'}`, feed);
    }
  const each = async (what: string, fits: (told: Told) => boolean) => {
    for (const [name, feed] of followed)
      await until(`${what} ${name}`, async () => fits(await feed.told()), 120_000);
  };
  await each('ready', ({ events }) => events.some(({ kind }) => kind === 'ready'));

  const pusher = new Pusher(port, repository);
  for (let kill = 0; kill < kills; kill++) {
    await pusher.untilAcknowledged(pusher.acknowledged.length + leastPerRound + kill);
    await process.stop('SIGKILL');
    process = await start();
  }
  await pusher.untilAcknowledged(pusher.acknowledged.length + leastPerRound);
  await pusher.stop();
  await publish(port, [{ reference: `${repository}:end`, digest: digest('end') }]);
  await each('the end', ({ events }) =>
    events.some((event) => event.kind === 'change' && event.change.tag === 'end'),
  );
  for (const [name, feed] of followed) checkStory(name, await feed.told(), pusher);
}, 600_000);

function checkStory(name: string, { events, statuses }: Told, pusher: Pusher): void {
  expect(
    events.filter(({ kind }) => kind === 'reset'),
    name,
  ).toEqual([]);
  const changes = events.flatMap((event) => (event.kind === 'change' ? [event.change] : []));
  // Dense: the ledger gave no number twice and left none out, and this client saw each of them once, in order.
  const sequences = changes.map(({ position }) => Number(position.split('-')[1]));
  expect(sequences, name).toEqual(Array.from({ length: sequences.length }, (_, n) => n + 1));
  const tags = new Map(changes.map(({ digest, tag }) => [digest, tag]));
  for (const { tag, round } of pusher.acknowledged)
    expect(tags.get(digest(`${tag} ${round}`)), `${name}: ${tag} ${round}`).toBe(tag);
  expect(statuses.filter(({ state }) => state === 'waiting').length, name).toBeGreaterThan(kills / 2);
}
