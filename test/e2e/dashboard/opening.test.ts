// @needs chromium
/** How the page opens: its name at once, its screens in a second file; and what it says if that does not come. */
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { type GatewayProcess, spawnGateway } from '../../support/gateway.ts';
import { axeFindings, patience, Visits } from './support/visits.ts';

let gateway: GatewayProcess;
let visits: Visits;
beforeAll(async () => {
  [visits, gateway] = await Promise.all([Visits.begin(), spawnGateway({ settings: {} })]);
});
afterEach(() => visits.endTest());
afterAll(async () => {
  await visits?.close();
  await gateway?.stop('SIGKILL');
});

it('says that a file of it did not come, and loads the page again when it is told to', async () => {
  visits.allow(/Failed to load resource|ERR_FAILED/);
  const page = await visits.open(`${gateway.url}/ui/#/repositories`);
  await page.route('**/assets/shell-*.js', (route) => route.abort());
  await page.reload();
  await page.getByRole('heading', { name: 'A part of this page did not come' }).waitFor(patience);
  expect(await axeFindings(page)).toEqual([]);
  await page.unroute('**/assets/shell-*.js');
  await page.getByRole('button', { name: 'Load the page again' }).click();
  await page.getByRole('heading', { name: 'Repositories' }).waitFor(patience);
});

it('has its name in its place while the gateway has not answered yet', async () => {
  const page = await visits.open(`${gateway.url}/ui/`);
  const name = page.locator('.side .wordmark');
  const place = await name.boundingBox();
  const held = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<void>();
  await page.route('**/v1/access', async (route) => {
    held.resolve();
    await answer.promise;
    await route.continue();
  });
  await page.reload({ waitUntil: 'commit' });
  await held.promise;
  await name.waitFor(patience);
  expect(await page.locator('nav').count()).toBe(0);
  expect(await name.boundingBox()).toEqual(place);
  answer.resolve();
  await page.getByRole('navigation', { name: 'Screens' }).waitFor(patience);
});
