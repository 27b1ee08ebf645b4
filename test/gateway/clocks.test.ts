/** A whole gateway in this process, whose wall clock the test sets. */
import { afterEach, expect, test } from 'vitest';
import { systemClock } from '../../src/lib/clock.ts';
import { digest, type Gateway, startGateway } from '../support/gateway.ts';

const hourMs = 3_600_000;
let gateway: Gateway;
let offsetMs = 0;

async function start() {
  offsetMs = 0;
  gateway = await startGateway({}, { clock: { ...systemClock, now: () => Date.now() + offsetMs } });
}
afterEach(() => gateway.close());

const push = (tag: string, word: string) =>
  gateway.publish({ reference: `r.test/app:${tag}`, digest: digest(word) });
const updates = async (query: string) => fetch(`${gateway.url}/v2/updates?repository=r.test/app&${query}`);

test('G11: a push counts though the clock stepped back an hour', async () => {
  await start();
  offsetMs = hourMs;
  await push('a', 'one');
  offsetMs = 0;
  await push('a', 'two');
  const answer = await updates('n=10');
  expect(await answer.text()).toContain(digest('two'));
  expect(
    await gateway.metric(/^manifeed_observations_total\{source="webhook",outcome="stale"\} (\S+)/m),
  ).toBe(0);
});

test('while changes are ahead of the clock, since up to them is accepted, and a metric and one warning say so', async () => {
  await start();
  offsetMs = hourMs;
  await push('a', 'one');
  offsetMs = 0;
  await push('b', 'one');
  await push('c', 'one');
  const at = (minutes: number) => new Date(Date.now() + minutes * 60_000).toISOString();
  expect((await updates(`n=10&since=${at(50)}`)).status).toBe(200);
  expect((await updates(`n=10&since=${at(70)}`)).status).toBe(400);
  expect(await gateway.metric(/^manifeed_ledger_clock_behind_seconds (\S+)/m)).toBeGreaterThan(3_590);
  expect(gateway.logs().match(/the clock is behind the newest change/g)).toHaveLength(1);
});
