// @needs chromium
/** The screen Targets: how far each tool is, what it answered, and what an operator can do. */
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { digest, type GatewayProcess, publish, spawnGateway } from '../../support/gateway.ts';
import { until } from '../../support/until.ts';
import { failure, secretToken, startTools, type Tools } from './support/tools.ts';
import { axeFindings, patience, settled, Visits } from './support/visits.ts';

let tools: Tools;
let gateway: GatewayProcess;
let visits: Visits;
beforeAll(async () => {
  [visits, tools] = await Promise.all([Visits.begin(), startTools()]);
  gateway = await spawnGateway({ settings: { name: 'gateway-1', targets: tools.targets } });
  await publish(gateway.port, [{ reference: 'nginx:1.27', digest: digest('one') }]);
});
afterEach(() => visits.endTest());
afterAll(async () => {
  await visits?.close();
  await gateway?.stop('SIGKILL');
  await tools?.close();
});

const at = (hash: string) => `${gateway.url}/ui/${hash}`;
const rowOf = (page: Page, name: string) =>
  page.getByRole('row').filter({ has: page.getByRole('link', { name, exact: true }) });
const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });
/** How often the page has asked for this since it was opened. */
function countPosts(page: Page, path: string): () => number {
  let count = 0;
  page.on('request', (request) => {
    if (request.method() === 'POST' && new URL(request.url()).pathname === path) count++;
  });
  return () => count;
}

describe('the list of targets', () => {
  it('says how each does, and what the tools answered, as text', async () => {
    const page = await visits.open(at('#/targets'));
    await page.getByText('Gateway gateway-1 answers.').waitFor(patience);
    const down = rowOf(page, 'watchtower');
    await down
      .filter({ hasText: /Retrying|Delivering/ })
      .filter({ hasText: failure })
      .waitFor(patience);
    await rowOf(page, 'flux')
      .filter({ hasText: 'Disabled' })
      .filter({ hasText: 'status 410: receiver was deleted' })
      .waitFor(patience);
    await rowOf(page, 'ci').filter({ hasText: 'Idle' }).filter({ hasText: tools.sink.url }).waitFor(patience);
    expect(await page.locator('main img').count()).toBe(0);
    expect(await page.evaluate('globalThis.wasRun')).toBeUndefined();
    expect(await page.content()).not.toMatch(new RegExp(`${secretToken}|of/ci|of/flux|whsec`));
  });

  it('shows those of one state, and goes back, by keyboard alone', async () => {
    const page = await visits.open(at('#/targets'));
    const disabled = page.getByRole('link', { name: 'Disabled 1' });
    await disabled.waitFor(patience);
    await disabled.focus();
    await page.keyboard.press('Enter');
    await until('only that one is shown', async () => (await page.locator('tbody tr').count()) === 1);
    expect(page.url()).toBe(at('#/targets?state=disabled'));
    await page.keyboard.press('j');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'flux' }).waitFor(patience);
    await page.getByText('The tool wants no more').waitFor(patience);
    await page.getByRole('link', { name: 'All targets' }).click();
    await page.waitForURL(at('#/targets?state=disabled'), patience);
  });

  it('pauses and resumes a target once, also by a double click, and says so near the row', async () => {
    const page = await visits.open(at('#/targets'));
    const pauses = countPosts(page, '/v1/targets/ci/pause');
    const resumes = countPosts(page, '/v1/targets/ci/resume');
    await button(page, 'Pause ci').dblclick(patience);
    const row = rowOf(page, 'ci');
    await row.locator('.outcome', { hasText: 'Paused.' }).waitFor(patience);
    await row.locator('.badge', { hasText: 'Paused' }).waitFor(patience);
    expect([pauses(), resumes()]).toEqual([1, 0]);
    expect(await axeFindings(page)).toEqual([]);
    const seen = tools.sink.requests.length;
    await publish(gateway.port, [{ reference: 'nginx:paused', digest: digest('two') }]);
    await row.filter({ hasText: '1 wait' }).waitFor(patience);
    await button(page, 'Resume ci').focus();
    await page.keyboard.press('Enter');
    await row.filter({ hasText: 'Resumed: what had failed is tried at once.' }).waitFor(patience);
    expect([pauses(), resumes()]).toEqual([1, 1]);
    await until('the tool hears of it', () =>
      tools.sink.requests
        .slice(seen)
        .some(({ target, body }) => target.startsWith('/ok/of/ci') && body.includes('paused')),
    );
    // The button stays where the reader is.
    await button(page, 'Pause ci').waitFor(patience);
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Pause');
  });

  it('says near the row why something was not done', async () => {
    visits.allow(/status of 503/);
    const page = await visits.open(at('#/targets'));
    const answer = {
      errors: [{ code: 'UNAVAILABLE', message: 'pause target: the ledger <i>rests</i>', detail: null }],
    };
    await page.route('**/v1/targets/keel/pause', (route) => route.fulfill({ status: 503, json: answer }));
    await button(page, 'Pause keel').click(patience);
    const alert = rowOf(page, 'keel').getByRole('alert');
    await alert.waitFor(patience);
    expect(await alert.textContent()).toBe('Not paused: pause target: the ledger <i>rests</i>');
    expect(await axeFindings(page)).toEqual([]);
  });
});

describe('one target', () => {
  it('shows the request of a test without sending it, then sends it once and shows the answer', async () => {
    const page = await visits.open(at('#/targets/watchtower'));
    const sent = () =>
      tools.sink.requests.filter(({ target }) => target.includes('registry.example.com')).length;
    await button(page, 'Show the request').click(patience);
    await page.getByText('Nothing was sent.').first().waitFor(patience);
    const shown = await page.locator('.tested pre').textContent();
    expect(shown).toContain('Bearer ***');
    expect(shown).not.toContain(secretToken);
    expect(sent()).toBe(0);
    const posts = countPosts(page, '/v1/targets/watchtower/test');
    await button(page, 'Send the test').dblclick(patience);
    const tested = page.locator('.tested', { hasText: `status 503: ${failure}` });
    await tested.filter({ hasText: 'Failed. A change would be tried again.' }).waitFor(patience);
    expect(await tested.textContent()).toContain('The request, with secrets as ***:');
    expect([posts(), sent()]).toEqual([1, 1]);
    expect(await axeFindings(page)).toEqual([]);
  });

  it('asks for a reference where the tool acts on it, and says which one the gateway does not know', async () => {
    visits.allow(/status of 400/);
    const page = await visits.open(at('#/targets/keel'));
    const field = page.getByLabel(/^Reference: /);
    await field.waitFor(patience);
    const posts = countPosts(page, '/v1/targets/keel/test');
    await button(page, 'Send the test').click();
    expect(await field.evaluate((input) => input.matches(':invalid'))).toBe(true);
    expect(posts()).toBe(0);
    await field.fill('nginx:nope');
    await field.press('Enter');
    await page.getByRole('alert').filter({ hasText: 'must be a tag that the index knows' }).waitFor(patience);
    await field.fill('nginx:1.27');
    await field.press('Enter');
    await page.locator('.tested pre', { hasText: '1.27' }).waitFor(patience);
    await button(page, 'Send the test').click();
    await page.locator('.tested', { hasText: 'The tool took it.' }).waitFor(patience);
    expect(posts()).toBe(3);
  });

  it('skips after a question that says what is given up, and not before', async () => {
    const page = await visits.open(at('#/targets/flux'));
    const posts = countPosts(page, '/v1/targets/flux/skip');
    await button(page, 'Skip…').dblclick(patience);
    const dialog = page.getByRole('dialog', { name: 'Skip what flux has not sent?' });
    await dialog.filter({ hasText: /\d changes? that waits? (?:is|are) given up/ }).waitFor(patience);
    expect(await axeFindings(page)).toEqual([]);
    for (const leave of ['Escape', 'Enter']) {
      await page.keyboard.press(leave);
      await dialog.waitFor({ ...patience, state: 'hidden' });
      expect(posts()).toBe(0);
      expect(await page.evaluate('document.activeElement.textContent')).toBe('Skip…');
      await page.keyboard.press('Enter');
      await dialog.waitFor(patience);
    }
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page
      .locator('.outcome', { hasText: 'Skipped: it goes on at the newest change.' })
      .waitFor(patience);
    await page.locator('.figures', { hasText: '0 changes' }).waitFor(patience);
    expect(posts()).toBe(1);
  });

  it('tries at once what failed, once, and leaves the focus on the button beside', async () => {
    const answer = await fetch(`${gateway.url}/v1/targets`);
    const { targets } = (await answer.json()) as { targets: readonly { name: string }[] };
    const [found] = targets.filter(({ name }) => name === 'watchtower');
    const page = await visits.open(at('#/now'));
    const resumes = countPosts(page, '/v1/targets/watchtower/resume');
    // It is retrying until it is told to try, and delivering from then on.
    await page.route('**/v1/targets', (route) => {
      const state = resumes() === 0 ? 'retrying' : 'delivering';
      return route.fulfill({ json: { targets: [{ ...found, state }], gateway: 'gateway-1' } });
    });
    await page.evaluate(`location.hash = '#/targets/watchtower'`);
    const retry = button(page, 'Try now watchtower');
    await retry.waitFor(patience);
    await page.locator('.section', { hasText: 'It is tried again.' }).waitFor(patience);
    expect(await axeFindings(page)).toEqual([]);
    await retry.focus();
    await page.keyboard.press('Enter');
    await page.locator('.outcome', { hasText: 'What had failed is tried now.' }).waitFor(patience);
    await retry.waitFor({ ...patience, state: 'detached' });
    expect(resumes()).toBe(1);
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Pause');
    expect(await page.locator('.section', { hasText: 'Last failure' }).textContent()).not.toContain(
      'tried again.',
    );
    expect(await axeFindings(page)).toEqual([]);
  });

  it('has all that can be done on one line, on a screen of 320 px, too', async () => {
    const answer = await fetch(`${gateway.url}/v1/targets`);
    const { targets } = (await answer.json()) as { targets: readonly object[] };
    const retrying = targets.map((each) => ({ ...each, state: 'retrying' }));
    const page = await visits.open(at('#/now'), { size: 'small' });
    await page.route('**/v1/targets', (route) =>
      route.fulfill({ json: { targets: retrying, gateway: 'gateway-1' } }),
    );
    await page.evaluate(`location.hash = '#/targets/watchtower'`);
    const buttons = page.locator('.screen-side .button');
    await buttons.nth(2).waitFor(patience);
    const tops: number[] = await page.evaluate(
      `[...document.querySelectorAll('.screen-side .button:not(dialog *)')].map((each) => each.getBoundingClientRect().top)`,
    );
    expect([tops.length, new Set(tops).size]).toEqual([3, 1]);
  });

  it('offers no skip where nothing waits', async () => {
    const page = await visits.open(at('#/targets/slow'));
    await page.locator('.figures', { hasText: '0 changes' }).waitFor(patience);
    await button(page, 'Skip…').click();
    const dialog = page.getByRole('dialog', { name: 'Skip what slow has not sent?' });
    await dialog.filter({ hasText: 'Nothing waits: it is at the newest change already.' }).waitFor(patience);
    expect(await dialog.getByRole('button').allTextContents()).toEqual(['Close']);
    expect(await axeFindings(page)).toEqual([]);
    await page.keyboard.press('Enter');
    await dialog.waitFor({ ...patience, state: 'hidden' });
  });

  it('is led to by the warning of the first screen that names it', async () => {
    const page = await visits.open(at('#/now'));
    const warning = page.locator('.warnings li', { hasText: 'flux: It is disabled' });
    await warning.getByRole('link', { name: 'Test, resume or skip it' }).click(patience);
    await page.waitForURL(at('#/targets/flux'), patience);
  });

  it('is led to by its row among the subscribers', async () => {
    const page = await visits.open(at('#/subscribers'));
    await page.getByRole('link', { name: 'flux', exact: true }).click(patience);
    await page.waitForURL(at('#/targets/flux'), patience);
  });

  it('says that there is none of a name, and shows no markup in it', async () => {
    const page = await visits.open(at(`#/targets/${encodeURIComponent('<b>x</b>')}`));
    await page.getByText('No target of this name is configured.').waitFor(patience);
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('<b>x</b>');
    expect(await axeFindings(page)).toEqual([]);
  });

  it('of several gateways says which one serves it, which answers, and that the other one follows', async () => {
    const answer = await fetch(`${gateway.url}/v1/targets`);
    const { targets } = (await answer.json()) as { targets: readonly { name: string }[] };
    const unknown = { waiting: null, waitingSince: null, lastSuccess: null, lastFailure: null, counts: null };
    const afar = targets.map((each) => ({
      ...{ ...each, ...unknown, disabled: null, state: 'elsewhere', holder: 'gateway-2:0123abcd', lag: 7 },
    }));
    const page = await visits.open(at('#/now'));
    await page.route('**/v1/targets', (route) =>
      route.fulfill({ json: { targets: afar, gateway: 'gateway-1' } }),
    );
    await page.route('**/v1/targets/ci/pause', (route) =>
      route.fulfill({ json: { ...afar.find(({ name }) => name === 'ci'), state: 'paused' } }),
    );
    await page.evaluate(`location.hash = '#/targets'`);
    const row = rowOf(page, 'ci');
    await row.filter({ hasText: 'Elsewhere' }).filter({ hasText: 'at gateway-2' }).waitFor(patience);
    await button(page, 'Pause ci').click();
    await row
      .filter({ hasText: 'Gateway gateway-2 serves it, and follows within three seconds.' })
      .waitFor(patience);
    await row.getByRole('link').click();
    await page.locator('.figures', { hasText: 'gateway gateway-1 answers' }).waitFor(patience);
    await page.getByText('The gateway that serves it counts them: gateway-2.').waitFor(patience);
    await button(page, 'Skip…').click();
    await page.getByRole('dialog').filter({ hasText: 'At most 7 changes' }).waitFor(patience);
  });

  it('hears nothing of a test that is answered after the screen was left', async () => {
    const page = await visits.open(at('#/targets/slow'));
    await button(page, 'Send the test').click(patience);
    await until('the tool has it', () =>
      tools.sink.requests.some(({ target }) => target.startsWith('/hang')),
    );
    await page.getByText('Asking the gateway').waitFor(patience);
    const held = Promise.withResolvers<void>();
    const answer = Promise.withResolvers<void>();
    await page.route('**/v1/targets/slow/pause', async (route) => {
      held.resolve();
      await answer.promise;
      await route.continue();
    });
    await button(page, 'Pause slow').click();
    await held.promise;
    await page.evaluate(`location.hash = '#/targets/ci'`);
    await page.getByRole('heading', { level: 1, name: 'ci' }).waitFor(patience);
    await settled(page);
    const answered = page.waitForResponse('**/v1/targets/slow/pause');
    answer.resolve();
    await (await answered).finished();
    expect(await page.locator('.outcome').count()).toBe(0);
    expect(await page.locator('[role=status]').first().textContent()).not.toContain('slow');
  });
});

it('a gateway without targets says what one is, with an example and where to read on', async () => {
  const bare = await spawnGateway({ settings: {} });
  try {
    const page = await visits.open(`${bare.url}/ui/#/targets`);
    await page.getByText('No target is configured.').waitFor(patience);
    expect(await page.locator('pre').textContent()).toContain('kind: watchtower');
    expect(await page.getByRole('link', { name: /with a recipe for each/ }).getAttribute('href')).toMatch(
      /docs\/targets\.md$/,
    );
    expect(await axeFindings(page)).toEqual([]);
  } finally {
    await bare.stop('SIGKILL');
  }
});
