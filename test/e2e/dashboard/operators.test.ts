// @needs chromium
/** What operators see and do: registries, hooks and subscribers in plain words, and the pace. */
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { digest, publish, spawnGateway } from '../../support/gateway.ts';
import { until } from '../../support/until.ts';
import { axeFindings, patience, Visits } from './support/visits.ts';
import { openWorld, type World } from './support/world.ts';

let world: World;
let visits: Visits;
beforeAll(async () => {
  [visits, world] = await Promise.all([Visits.begin(), openWorld()]);
});
afterEach(() => visits.endTest());
afterAll(async () => {
  await visits?.close();
  await world?.close();
});

it('Registries says which registry is left alone, what that means, and what failed', async () => {
  const page = await visits.open(world.at('#/registries'));
  const row = page.getByRole('row').filter({ hasText: 'registry.example.com' });
  await row.filter({ hasText: /Left alone|Probing/ }).waitFor(patience);
  await row.filter({ hasText: '20 /s' }).waitFor(patience);
  await row.getByRole('link').click();
  await page.getByRole('heading', { level: 1, name: 'registry.example.com' }).waitFor(patience);
  await page.getByText(/The registry failed/).waitFor(patience);
  const failed = page.getByRole('row').filter({ hasText: 'team/a' });
  await failed.filter({ hasText: 'ECONNREFUSED' }).waitFor(patience);
  expect(await page.locator('tbody tr').count()).toBe(6);
});

it('Hooks says why the last delivery was refused, and what to do', async () => {
  const page = await visits.open(world.at('#/hooks'));
  const row = page.getByRole('row').filter({ hasText: 'harbor' });
  await row
    .filter({ hasText: 'Refused' })
    .filter({ hasText: 'is not what a hook of this kind gets' })
    .waitFor(patience);
  await page
    .getByRole('row')
    .filter({ hasText: 'quiet' })
    .filter({ hasText: 'Nothing yet' })
    .waitFor(patience);
  await row.getByRole('link').click();
  await page.getByText(`${world.gateway.url}/v1/hooks/harbor`).waitFor(patience);
  await page.getByText('GET /v1/hooks?saved=harbor').waitFor(patience);
  await page.getByRole('heading', { name: 'Senders that proved nothing' }).waitFor(patience);
  const stranger = page.getByRole('row').filter({ hasText: 'Not proven' });
  expect(await stranger.textContent()).toContain('did not prove who it is');
  expect(await page.content()).not.toMatch(/harbor-token|quay-token/);
});

it('Now leads to a hook in trouble, however many are configured before it', async () => {
  const webhooks = Array.from({ length: 130 }, (_, at) => ({
    ...{ name: `hook-${at}`, kind: 'manifeed', token: 'hook-token' },
  }));
  const many = await spawnGateway({ settings: { webhooks } });
  try {
    const refused = await fetch(`${many.url}/v1/hooks/hook-129`, {
      ...{ method: 'POST', body: '{}', headers: { authorization: 'wrong' } },
    });
    expect(refused.status).toBe(401);
    const page = await visits.open(`${many.url}/ui/#/now`);
    await page.getByRole('rowheader').getByRole('link', { name: 'hook-129' }).click();
    await page.getByRole('heading', { name: 'Senders that proved nothing' }).waitFor(patience);
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('hook-129');
    await page.evaluate(`location.hash = '#/hooks/hook-130'`);
    await page.getByText('No hook of this name is configured.').waitFor(patience);
  } finally {
    await many.stop('SIGKILL');
  }
});

it('Subscribers lists who is connected, with filter and lag', async () => {
  const page = await visits.open(world.at('#/subscribers'));
  await page.getByRole('row').filter({ hasText: 'tags 1.*' }).first().waitFor(patience);
  await until('all twelve are drawn', async () => (await page.locator('tbody tr').count()) === 12);
  expect(await page.getByRole('row').filter({ hasText: 'every repository' }).count()).toBe(4);
});

it('Pace changes the rate for a while, shows it, and ends it', async () => {
  const page = await visits.open(world.at('#/pace'));
  await page.getByRole('heading', { level: 1, name: '2 deliveries a second' }).waitFor(patience);
  await page.getByLabel('Deliveries a second', { exact: true }).fill('7');
  await page.getByLabel(/Repositories: a name/).fill('ghcr.io/team/*');
  await page.getByLabel('For', { exact: true }).selectOption('1 hour');
  await page.getByRole('button', { name: 'Change the pace' }).click();
  const row = page.getByRole('row').filter({ hasText: 'ghcr.io/team/*' });
  await row.filter({ hasText: /another (?:59|60) min|another 1 h/ }).waitFor(patience);
  expect(await axeFindings(page)).toEqual([]);
  await row.getByRole('button', { name: 'End now' }).click();
  await row.filter({ hasText: 'over: the rate rises' }).waitFor(patience);

  await page.getByLabel('Deliveries a second', { exact: true }).fill('3');
  await page.getByLabel(/Repositories: a name/).fill('');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { level: 1, name: '3 deliveries a second' }).waitFor(patience);
  await page.getByRole('button', { name: 'End now: the rate of all' }).click();
  await page.getByRole('heading', { level: 1, name: '2 deliveries a second' }).waitFor(patience);
});

it('Pace says what is wrong with a rate', async () => {
  visits.allow(/status of 400/);
  const page = await visits.open(world.at('#/pace'));
  await page.getByLabel('Deliveries a second', { exact: true }).fill('7');
  await page.getByLabel(/Repositories: a name/).fill('ghcr.io/*');
  await page.keyboard.press('Enter');
  const alert = page.getByRole('alert');
  await alert.waitFor(patience);
  expect(await alert.textContent()).toContain('ghcr.io/*');
  expect(await axeFindings(page)).toEqual([]);
});

it.each([
  ['does not come', null],
  ['cannot run in this browser', 'throw new RangeError("invalid language tag: C")'],
  ['cannot draw', 'export function drawWave() { throw new TypeError("no canvas"); }'],
])('Pace says so if the file of its chart %s', async (_what, body) => {
  visits.allow(/ERR_FAILED/);
  const page = await visits.open(world.at('#/now'));
  await page.route('**/chart-*.js', (route) =>
    body === null ? route.abort() : route.fulfill({ body, contentType: 'text/javascript' }),
  );
  await page.evaluate(`location.hash = '#/pace'`);
  await page.getByText('The chart did not come. Load the page again').waitFor(patience);
  await page.getByText('The same as a table').click();
  await page.getByRole('columnheader', { name: 'The pace allows' }).waitFor(patience);
});

it('Pace draws the wave, and has the same in words and as a table', async () => {
  const page = await visits.open(world.at('#/pace'));
  await publish(world.gateway.port, [{ reference: 'nginx:wave', digest: digest('wave') }]);
  await page.locator('.chart canvas').waitFor(patience);
  const label = () => page.getByRole('img', { name: /^Deliveries a second: / }).getAttribute('aria-label');
  await until('something goes out', async () => /[1-9]\d* held back/.test((await label()) ?? ''), 30_000);
  // Something is drawn: pixels of the chart are not all the same.
  expect(
    await page.evaluate(`(() => {
      const canvas = document.querySelector('.chart canvas');
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      return new Set(new Uint32Array(data.buffer)).size;
    })()`),
  ).toBeGreaterThan(3);
  await page.getByText('The same as a table').click();
  await page.getByRole('columnheader', { name: 'The pace allows' }).waitFor(patience);
  expect(await axeFindings(page)).toEqual([]);
});
