// @needs chromium
/** Changes, live: two hundred a second for half a minute, and over the restart of a gateway. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { rowsOfStep } from '../../../dashboard/src/lib/gradual.ts';
import { maxShown } from '../../../dashboard/src/lib/live-rows.ts';
import { freePort } from '../../support/free-port.ts';
import { digest, type GatewayProcess, publish, spawnGateway } from '../../support/gateway.ts';
import { until } from '../../support/until.ts';
import { longestTasks, mostRowsOfStep, watchTasks } from './support/long-tasks.ts';
import { axeFindings, patience, Visits } from './support/visits.ts';

const folder = mkdtempSync(join(tmpdir(), 'manifeed-dashboard-'));
let gateway: GatewayProcess;
let visits: Visits;
let port: number;
const start = () =>
  spawnGateway({ port, settings: { ledger: `sqlite:${join(folder, 'm.db')}`, pace: { burst: 100 } } });
beforeAll(async () => {
  port = await freePort();
  [visits, gateway] = await Promise.all([Visits.begin(), start()]);
});
afterEach(() => visits.endTest());
afterAll(async () => {
  await visits?.close();
  await gateway?.stop('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

const rowCount = (page: Page) => page.evaluate<number>(`document.querySelectorAll('tbody tr').length`);
const isLive = (page: Page) => page.getByRole('status').filter({ hasText: 'Live' }).waitFor(patience);
const push = (from: number, count: number) =>
  publish(
    port,
    Array.from({ length: count }, (_, at) => ({
      reference: `team/app-${(from + at) % 50}:${from + at}`,
      digest: digest(String(from + at)),
    })),
  );
const shows = (page: Page, tag: string) =>
  page.getByText(`:${tag}`, { exact: true }).first().waitFor(patience);

it('shows 200 changes a second for 30 seconds, and never more than 100 rows, some at a time', async () => {
  const page = await visits.open(`${gateway.url}/ui/#/changes`);
  await watchTasks(page);
  await isLive(page);
  // The policy says connect-src 'self': that allows a WebSocket to the page's own host.
  const status = await fetch(`${gateway.url}/v1/status`);
  expect(await status.json()).toMatchObject({ subscribers: { byTransport: { websocket: 1, sse: 0 } } });
  const [each, everyMs, all] = [50, 250, 6_000];
  const from = performance.now();
  for (let sent = 0; sent < all; sent += each) {
    await push(sent, each);
    await sleep(Math.max(0, from + ((sent + each) / each) * everyMs - performance.now()));
    if (sent % 1_000 === 0) expect(await rowCount(page)).toBeLessThanOrEqual(maxShown);
  }
  await shows(page, String(all - 1));
  await isLive(page);
  // Rows are drawn in steps.
  await until('the list is drawn', async () => (await rowCount(page)) === maxShown);
  const tags = await page.locator('tbody tr .tag').allTextContents();
  expect(tags.length).toBe(maxShown);
  // The newest, each once and in order.
  expect(tags).toEqual(tags.map((_, at) => `:${all - 1 - at}`));
  expect(await mostRowsOfStep(page)).toBeLessThanOrEqual(rowsOfStep);
  // Before axe, which is a long task itself.
  console.log(`The longest task of the page at 200 changes a second: ${await longestTasks(page)}`);
  expect(await axeFindings(page)).toEqual([]);
});

it('says that the gateway is away, and goes on without a gap when it is back', async () => {
  visits.allow(/ERR_CONNECTION_(?:REFUSED|RESET)|ERR_EMPTY_RESPONSE|WebSocket connection to/);
  const page = await visits.open(`${gateway.url}/ui/#/changes`);
  await isLive(page);
  await page.evaluate('globalThis.isSamePage = true');
  await push(10_000, 1);
  await shows(page, '10000');
  await gateway.stop('SIGKILL');
  await page.getByRole('status').filter({ hasText: 'Stale since' }).waitFor(patience);
  await page.getByText(/retry in \d+ s/).waitFor(patience);
  expect(await axeFindings(page)).toEqual([]);
  gateway = await start();
  // Before the page is back: only its position can bring it.
  await push(10_001, 3);
  await isLive(page);
  await shows(page, '10003');
  const tags = await page.locator('tbody tr .tag').allTextContents();
  expect(tags.slice(0, 4)).toEqual([':10003', ':10002', ':10001', ':10000']);
  expect(await page.evaluate('globalThis.isSamePage')).toBe(true);
});

it('holds what comes while it is paused, and says how much that is', async () => {
  const page = await visits.open(`${gateway.url}/ui/#/changes`);
  await isLive(page);
  await page.keyboard.press('p');
  await page.getByRole('status').filter({ hasText: 'Paused' }).waitFor(patience);
  const before = await page.locator('tbody tr .tag').first().textContent();
  await push(20_000, 37);
  await page.getByRole('button', { name: '37 new' }).waitFor(patience);
  expect(await page.locator('tbody tr .tag').first().textContent()).toBe(before);
  await page.getByRole('button', { name: '37 new' }).click();
  await until('the newest is on top', async () => {
    return (await page.locator('tbody tr .tag').first().textContent()) === ':20036';
  });
});
