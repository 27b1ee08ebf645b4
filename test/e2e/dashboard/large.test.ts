// @needs chromium
/** A gateway with 100,000 changes of 10,000 repositories: no document gets more than 500 rows. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { rowsOfStep } from '../../../dashboard/src/lib/gradual.ts';
import { digest, type GatewayProcess, publish, spawnGateway } from '../../support/gateway.ts';
import { longestTasks, mostRowsOfStep, watchTasks } from './support/long-tasks.ts';
import { patience, settled, Visits } from './support/visits.ts';

const repositories = 10_000;
const changesEach = 10;
const maxRows = 500;

const folder = mkdtempSync(join(tmpdir(), 'manifeed-dashboard-'));
let gateway: GatewayProcess;
let visits: Visits;
beforeAll(async () => {
  const webhooks = [{ name: 'publish', kind: 'manifeed', verify: 'none', maxBytes: '8MiB' }];
  const settings = { webhooks, ledger: `sqlite:${join(folder, 'm.db')}` };
  [visits, gateway] = await Promise.all([Visits.begin(), spawnGateway({ settings })]);
  for (let change = 0; change < changesEach; change++) {
    const one = digest(String(change));
    const reference = (at: number) => `team-${at % 100}/app-${at}:${change}`;
    await publish(
      gateway.port,
      Array.from({ length: repositories }, (_, at) => ({ reference: reference(at), digest: one })),
    );
  }
}, 240_000);
afterEach(() => visits.endTest());
afterAll(async () => {
  await visits?.close();
  await gateway?.stop('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

const rowCount = (page: Page) => page.evaluate<number>(`document.querySelectorAll('tr, main li').length`);

it('each screen has at most 500 rows, drawn some at a time, also after paging and scrolling', async () => {
  const page = await visits.open(`${gateway.url}/ui/#/changes`);
  await watchTasks(page);
  await page.locator('tbody tr').first().waitFor(patience);
  const status = await (await fetch(`${gateway.url}/v1/status`)).json();
  expect(status).toMatchObject({ ledger: { head: expect.stringMatching(/-100000$/) } });
  for (let pages = 0; pages < 3; pages++) {
    expect(await rowCount(page)).toBeLessThanOrEqual(maxRows + 1);
    await page.evaluate('scrollTo(0, document.body.scrollHeight)');
    const before = page.url();
    // Until all rows are drawn, the link below them moves.
    await page.locator('table[aria-busy=false]').first().waitFor(patience);
    // By its class: looking for a name reads the whole page, in a task of the page that is not its own.
    await page.locator('.pages a').last().click();
    await page.waitForURL((url) => url.href !== before, patience);
    await page.locator('tbody tr').first().waitFor(patience);
  }
  for (const hash of [
    '#/repositories',
    '#/repositories?find=app',
    '#/repository/docker.io/team-1/app-1',
    '#/now',
  ]) {
    await page.evaluate(`location.hash = ${JSON.stringify(hash)}`);
    await settled(page);
    await page.locator('tbody tr, .figures').first().waitFor(patience);
    expect([hash, await rowCount(page)]).toEqual([hash, expect.any(Number)]);
    expect(await rowCount(page)).toBeLessThanOrEqual(maxRows + 1);
  }
  expect(await mostRowsOfStep(page)).toBeLessThanOrEqual(rowsOfStep);
  console.log(`The longest task of the page with 100,000 changes: ${await longestTasks(page)}`);
});
