/** The gateway is killed again and again while a tool fails a third of its requests: the tool misses nothing. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { freePort } from '../../support/free-port.ts';
import { type GatewayProcess, spawnGateway } from '../../support/gateway.ts';
import { SinkServer } from '../../support/sink-server.ts';
import { webhookOf } from '../../support/target-gateway.ts';
import { TargetStory } from '../support/target-story.ts';

const kills = 20;
const concurrency = 4;
/** On a busy machine a start can take half a minute. */
const startTimeoutMs = 120_000;

const folder = mkdtempSync(join(tmpdir(), 'manifeed-targets-'));
const ends: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true })];
let gateway: GatewayProcess | null = null;

afterAll(async () => {
  await gateway?.stop('SIGKILL');
  for (const end of ends) await end();
});

it(`${kills} times kill -9: every change is accepted at least once, in order per tag, few twice`, async ({
  annotate,
}) => {
  const story = new TargetStory();
  const sink = await SinkServer.start(story.script(3));
  ends.push(() => sink.close());
  const port = await freePort();
  const settings = {
    ledger: `sqlite:${join(folder, 'manifeed.db')}`,
    targets: [webhookOf(sink, { concurrency })],
  };
  gateway = await spawnGateway({ port, settings, startTimeoutMs });
  story.start('r.test/team/app', () => port);
  for (let kill = 0; kill < kills; kill++) {
    await story.untilMore(10 + kill);
    await gateway.stop('SIGKILL');
    gateway = await spawnGateway({ port, settings, startTimeoutMs });
  }
  await story.end();
  story.check();
  await annotate(`${story.repeats} of ${story.accepted.length} accepted requests were repeats`);
  // A kill repeats what was under way, and what the commit that was under way would have saved.
  expect(story.repeats).toBeLessThanOrEqual(kills * concurrency * 2);
}, 600_000);
