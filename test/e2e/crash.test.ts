/** The gateway is killed again and again in the middle of its work; nothing that it acknowledged is lost. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { type Follower, follow, type Transport } from '../support/follower.ts';
import { freePort } from '../support/free-port.ts';
import { digest, type GatewayProcess, publish, spawnGateway } from '../support/gateway.ts';
import { openSse } from '../support/sse-client.ts';
import { of } from '../support/stream-client.ts';
import { Pusher } from './support/pusher.ts';

const kills = 20;
/** Acknowledged between a start and its kill, so that each kill comes in the middle of the stream. */
const leastPerRound = 20;
const repository = 'r.test/team/app';

const folder = mkdtempSync(join(tmpdir(), 'manifeed-crash-'));
let gateway: GatewayProcess | null = null;
const followers: Follower[] = [];

afterAll(async () => {
  for (const follower of followers) follower.stop();
  await gateway?.stop('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

it(`G11: ${kills} times kill -9: every acknowledged change is seen, dense, in order per tag, none missing`, async () => {
  const port = await freePort();
  const start = async () => {
    gateway = await spawnGateway({ port, settings: { ledger: `sqlite:${join(folder, 'manifeed.db')}` } });
    return gateway;
  };
  let process = await start();
  const probe = await openSse(port);
  const { position } = await probe.inbox.until(of('ready'));
  probe.close();
  const transports: Transport[] = ['sse', 'websocket', 'long-poll'];
  // Twice each: a narrowed subscription reads the ledger by another road.
  for (const transport of transports) {
    followers.push(follow(transport, port, { type: '*' }, position));
    followers.push(follow(transport, port, { repository }, position));
  }
  const pusher = new Pusher(port, repository);
  for (let kill = 0; kill < kills; kill++) {
    await pusher.untilAcknowledged(pusher.acknowledged.length + leastPerRound + kill);
    await process.stop('SIGKILL');
    process = await start();
  }
  await pusher.untilAcknowledged(pusher.acknowledged.length + leastPerRound);
  await pusher.stop();
  await publish(port, [{ reference: `${repository}:end`, digest: digest('end') }]);
  for (const follower of followers) {
    await follower.until((change) => change.tag === 'end');
    checkStory(follower, pusher);
    expect(follower.connections()).toBeGreaterThan(kills / 2);
  }
}, 600_000);

function checkStory(follower: Follower, pusher: Pusher): void {
  const { changes, transport } = follower;
  expect(follower.resets, transport).toEqual([]);
  const sequences = changes.map((change) => Number(change.position.split('-')[1]));
  const distinct = [...new Set(sequences)];
  // Dense: the ledger gave no number twice and left none out, and this subscriber saw them all, in order.
  expect(distinct, transport).toEqual(Array.from({ length: distinct.length }, (_, n) => n + 1));
  expect(new Set(changes.map((change) => change.position.split('-')[0])).size, transport).toBe(1);
  const byDigest = new Map(changes.map((change) => [change.digest, change]));
  for (const { tag, round } of pusher.acknowledged) {
    const seen = byDigest.get(digest(`${tag} ${round}`));
    expect(seen?.tag, `${transport}: ${tag} ${round}`).toBe(tag);
  }
  // Each change says what was there before: a chain without a break is an order without a break.
  const pointsAt = new Map<string, string | null>();
  const told = new Set<string>();
  for (const change of changes) {
    if (told.has(change.position)) continue;
    told.add(change.position);
    const tag = change.tag ?? '';
    expect(change.previousDigest, `${transport}: ${change.position}`).toBe(pointsAt.get(tag) ?? null);
    pointsAt.set(tag, change.digest);
  }
}
