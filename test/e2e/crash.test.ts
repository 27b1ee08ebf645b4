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

const kills = 20;
const lanes = 4;
const tagsPerLane = 2;
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

/** A registry's notification queue: each delivery is repeated until it is acknowledged. */
class Pusher {
  readonly acknowledged: { readonly tag: string; readonly round: number }[] = [];
  #stopped = false;
  readonly #running: Promise<unknown>;
  #watch = () => {};

  constructor(port: number) {
    this.#running = Promise.all(Array.from({ length: lanes }, (_, lane) => this.#run(port, lane)));
  }

  untilAcknowledged(count: number): Promise<void> {
    return new Promise((resolve) => {
      this.#watch = () => {
        if (this.acknowledged.length >= count) resolve();
      };
      this.#watch();
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  async #run(port: number, lane: number): Promise<void> {
    const startedAt = Date.now() - 3_600_000;
    for (let round = 0; !this.#stopped; round++) {
      const tag = `lane${lane}-${round % tagsPerLane}`;
      const occurredAt = new Date(startedAt + round).toISOString();
      const entry = { reference: `${repository}:${tag}`, digest: digest(`${tag} ${round}`), occurredAt };
      while (
        !(await publish(port, [entry]).then(
          () => true,
          () => false,
        ))
      ) {
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      this.acknowledged.push({ tag, round });
      this.#watch();
    }
  }
}

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
  const pusher = new Pusher(port);
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
}, 300_000);

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
