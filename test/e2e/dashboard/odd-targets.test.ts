// @needs chromium
/** The screen Targets under answers that no gateway should give: it says what is wrong, shows no markup, stays usable. */
import type { Page, Route } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { digest, type GatewayProcess, spawnGateway } from '../../support/gateway.ts';
import { until } from '../../support/until.ts';
import { longestTasks, watchTasks } from './support/long-tasks.ts';
import { axeFindings, patience, scrollsSideways, settled, Visits } from './support/visits.ts';

/** What the configuration may have at most. */
const maxTargets = 1_000;
const maxRows = 500;

let gateway: GatewayProcess;
let visits: Visits;
beforeAll(async () => {
  const targets = Array.from({ length: maxTargets }, (_, number) => ({
    // Nothing listens there, and nothing matches.
    ...{ name: `t${number}`, kind: 'flux', url: 'http://127.0.0.1:9/hook', repository: ['nothing/*'] },
  }));
  [visits, gateway] = await Promise.all([Visits.begin(), spawnGateway({ settings: { targets } })]);
});
afterEach(() => visits.endTest());
afterAll(async () => {
  await visits?.close();
  await gateway?.stop('SIGKILL');
});

const at = (hash = '#/targets') => `${gateway.url}/ui/${hash}`;
const rowCount = (page: Page) => page.locator('tbody tr').count();

it('a thousand targets come in pages, of which none has more than 500 rows', async () => {
  const page = await visits.open(at('#/now'));
  await watchTasks(page);
  await page.evaluate(`location.hash = '#/targets'`);
  const shown = new Set<string>();
  for (let pages = 0; ; pages++) {
    await page.getByRole('link', { name: `t${pages * 100}`, exact: true }).waitFor(patience);
    await until('the page is drawn', async () => (await rowCount(page)) === 100);
    expect(await page.locator('tr, main li').count()).toBeLessThanOrEqual(maxRows);
    for (const name of await page.locator('tbody .row-link').allTextContents()) shown.add(name);
    const more = page.getByRole('link', { name: 'More targets' });
    if ((await more.count()) === 0) break;
    await more.click();
  }
  expect(shown.size).toBe(maxTargets);
  // Another look at the same draws nothing.
  const row = await page.locator('tbody tr').first().elementHandle();
  await page.waitForResponse('**/v1/targets', patience);
  await settled(page);
  expect(await row?.evaluate((each) => each.isConnected)).toBe(true);
  console.log(`The longest task of the page with 1,000 targets: ${await longestTasks(page)}`);
});

const target = {
  ...{ name: 'ci', kind: 'webhook', needsReference: false, url: 'https://ci.example.com', state: 'idle' },
  ...{
    disabled: null,
    retryAt: null,
    position: 'e-7',
    lag: 0,
    waiting: 0,
    holder: 'a',
    waitingSince: null,
    late: false,
  },
  ...{ lastSuccess: null, lastFailure: null, counts: {} },
};
const markup = '<img src=x onerror="globalThis.wasRun = true">';
const huge = 'x'.repeat(10_000_000);
const html = { status: 502, contentType: 'text/html', body: `<!doctype html><h1>Bad gateway</h1>${markup}` };
const refusal = (status: number, code: string) => ({
  ...{ status, json: { errors: [{ code, message: `get targets: ${code} of a test`, detail: null }] } },
});
const listOf = (...targets: readonly unknown[]) => ({ json: { targets, gateway: markup } });

type Answer = Parameters<Route['fulfill']>[0];

/** Opens the screen of a gateway that answers so. */
async function opened(answer: Answer, hash = '#/targets'): Promise<Page> {
  const page = await visits.open(at('#/now'));
  await page.route('**/v1/targets', (route) => route.fulfill(answer));
  await page.evaluate(`location.hash = ${JSON.stringify(hash)}`);
  await page.getByRole('heading', { level: 1 }).waitFor(patience);
  return page;
}

/** The page still works: its keys lead on. */
async function goesOn(page: Page): Promise<void> {
  expect(await page.evaluate('globalThis.wasRun')).toBeUndefined();
  expect(await page.locator('main img').count()).toBe(0);
  expect(await scrollsSideways(page)).toBe(false);
  expect(await axeFindings(page)).toEqual([]);
  await page.keyboard.press('g');
  await page.keyboard.press('h');
  await page.getByRole('heading', { level: 1, name: 'Hooks' }).waitFor(patience);
}

describe('an answer that is wrong', () => {
  it.each([
    ['of other types', listOf({ ...target, lag: '7' }), 'targets[0].lag: must be a number'],
    ['null', { json: null }, 'must be an object'],
    ['a list of null', listOf(null), 'targets[0]: must be an object'],
    ['longer than any', listOf({ ...target, name: huge }), 'must be shorter'],
    ['a page of a proxy', html, '502 from something in front of the gateway'],
    ['no JSON', { body: 'ok' }, 'must be JSON'],
    ['a failure', refusal(500, 'INTERNAL'), 'INTERNAL of a test'],
    ['a refusal', refusal(403, 'DENIED'), 'Your token may not see this.'],
  ])('%s is said in words', async (_name, answer, words) => {
    visits.allow(/status of (?:403|500|502)/);
    const page = await opened(answer);
    await page.getByRole('alert').filter({ hasText: words }).waitFor(patience);
    await goesOn(page);
  });

  it('a token that is known no more brings the form back', async () => {
    visits.allow(/status of 401/);
    const access = [{ name: 'root', sha256: digest('token-of-root').slice(7), admin: true }];
    const own = await spawnGateway({ settings: { access } });
    try {
      const page = await visits.open(`${own.url}/ui/#/targets`);
      await page.getByLabel('Token').fill('token-of-root');
      await page.keyboard.press('Enter');
      await page.getByText('No target is configured.').waitFor(patience);
      await page.route('**/v1/targets', (route) => route.fulfill(refusal(401, 'UNAUTHORIZED')));
      await page.getByRole('alert').filter({ hasText: 'does not know this token' }).waitFor(patience);
    } finally {
      await own.stop('SIGKILL');
    }
  });

  it('that is slow is awaited, and shown nowhere once the screen is left', async () => {
    const page = await visits.open(at('#/hooks'));
    let answer = () => {};
    const asked = new Promise<void>((tell) => {
      void page.route('**/v1/targets', async (route) => {
        tell();
        await new Promise<void>((resolve) => {
          answer = resolve;
        });
        await route.fulfill(listOf(target)).catch(() => {});
      });
    });
    await page.evaluate(`location.hash = '#/targets'`);
    await asked;
    await page.getByRole('status').filter({ hasText: 'Connecting' }).waitFor(patience);
    await page.keyboard.press('g');
    await page.keyboard.press('h');
    await page.getByRole('heading', { level: 1, name: 'Hooks' }).waitFor(patience);
    answer();
    await goesOn(page);
  });

  it('whose names and answers are markup and megabytes is text, and not all of it', async () => {
    const long = 'long '.repeat(200_000);
    const odd = {
      ...target,
      ...{ name: markup, kind: markup, url: markup, state: markup, position: markup, holder: markup },
      ...{ disabled: long, lag: 1e300, waiting: -1, lastSuccess: markup, retryAt: 'yesterday' },
      ...{ lastFailure: { at: '+999999-01-01', result: markup, why: markup + long } },
      counts: { accepted: -0.5, [markup]: 1e21 },
    };
    for (const hash of ['#/targets', `#/targets/${encodeURIComponent(markup)}`]) {
      const page = await opened(listOf(odd, target, { ...odd, state: 'retrying' }, target), hash);
      await page.locator('main', { hasText: 'long long' }).waitFor(patience);
      expect((await page.locator('main').textContent())?.length).toBeLessThan(20_000);
      await goesOn(page);
    }
  });

  it.each([
    ['a page of a proxy', html, '502 from something in front of the gateway'],
    ['of other types', { json: { request: 7 } }, 'request: must be a string'],
    ['null', { json: null }, 'must be an object'],
    ['gone', refusal(404, 'NOT_FOUND'), 'NOT_FOUND of a test'],
    ['huge', { json: { request: huge.slice(0, 8_000_000), verdict: { kind: markup, why: markup } } }, markup],
  ])('to a test: %s is said in words', async (_name, answer, words) => {
    visits.allow(/status of (?:404|502)/);
    const page = await opened(listOf(target), '#/targets/ci');
    await page.route('**/v1/targets/ci/test', (route) => route.fulfill(answer));
    await page.getByRole('button', { name: 'Send the test' }).click(patience);
    await page.locator('.outcome.bad, .tested', { hasText: words }).waitFor(patience);
    expect((await page.locator('main').textContent())?.length).toBeLessThan(40_000);
    await goesOn(page);
  });
});
