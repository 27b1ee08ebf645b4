// @needs chromium
/** The screen Changes: what comes appears, holds still where somebody points at it, and can be narrowed. */
import type { Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
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

/** Settings of a gateway of which a test needs its own. */
const alone = { webhooks: [{ name: 'publish', kind: 'manifeed', verify: 'none' }] };

let pushes = 0;
/** Moves the tag of a repository so many times. */
async function push(reference: string, times = 1): Promise<void> {
  for (let n = 0; n < times; n++) {
    await publish(world.gateway.port, [{ reference, digest: digest(`push ${pushes++}`) }]);
  }
}

/** Opens the screen, and waits until it is live. */
async function openLive(query = ''): Promise<Page> {
  const page = await visits.open(world.at(`#/changes${query}`));
  await page.locator('[role=status]', { hasText: 'Live' }).waitFor(patience);
  await page.waitForSelector('tbody tr', patience);
  return page;
}

const first = (page: Page) => page.locator('tbody tr').first().textContent();
const comes = (page: Page, text: string) =>
  until(`${text} in the first row`, async () => (await first(page))?.includes(text) === true);
const newButton = (page: Page) => page.locator('.new-changes button');

describe('Changes', () => {
  it('shows the past, and each further change on top', async () => {
    const page = await openLive();
    await push('docker.io/library/appears:1');
    await comes(page, 'library/appears:1');
    // The first rows are drawn; the others follow.
    await until('more than ten rows', async () => (await page.locator('tbody tr').count()) > 10);
  });

  it('shows what a filter lets through, and keeps the filter in the address', async () => {
    const page = await openLive();
    await page.getByLabel('Repository').fill('redis');
    await page.getByLabel('Repository').press('Enter');
    await until('the address has it', () => page.url().endsWith('#/changes?repository=redis'));
    await comes(page, 'library/redis');
    await push('nginx:passed-over');
    await push('redis:narrowed');
    await comes(page, 'redis:narrowed');
    const rows = await page.locator('tbody tr').allTextContents();
    expect(rows.filter((row) => !row.includes('library/redis'))).toEqual([]);
    await page.reload();
    await comes(page, 'redis:narrowed');
    expect(await page.getByLabel('Repository').inputValue()).toBe('redis');
  });

  it('keeps the place of who fills in the filter, whatever comes meanwhile', async () => {
    const page = await openLive();
    const focused = () => page.evaluate<string>('document.activeElement.id');
    await page.focus('#repository');
    await page.keyboard.type('nginx');
    await page.keyboard.press('Tab');
    await page.waitForURL(/repository=nginx$/);
    expect(await focused()).toBe('tag');
    // It comes while somebody types, and leaves what was typed.
    await page.keyboard.type('typ');
    await push('nginx:typed');
    await comes(page, 'nginx:typed');
    await page.keyboard.type('ed');
    await page.keyboard.press('Enter');
    await page.waitForURL(/tag=typed$/);
    expect(await focused()).toBe('tag');
    await until('only what matches is left', async () => (await page.locator('tbody tr').count()) === 1);
    expect(await first(page)).toContain('nginx:typed');
    await page.goBack();
    await page.goForward();
    expect(await page.getByLabel('Tag', { exact: true }).inputValue()).toBe('typed');
  });

  it('has room for Clear beside the filter, and goes on in the filter after it', async () => {
    const page = await openLive('?repository=nginx');
    const clear = page.getByRole('button', { name: 'Clear' });
    const middle = async (locator: Locator) => {
      const box = await locator.boundingBox();
      return box === null ? null : box.y + box.height / 2;
    };
    for (const width of [1_000, 1_280, 2_560]) {
      await page.setViewportSize({ width, height: 800 });
      expect([width, await middle(clear)]).toEqual([width, await middle(page.locator('#repository'))]);
    }
    await clear.press('Enter');
    await page.waitForURL(/#\/changes$/);
    expect(await page.evaluate('document.activeElement.id')).toBe('repository');
    expect(await clear.count()).toBe(0);
  });

  it('says in the gateway’s words what is wrong with a filter', async () => {
    const page = await visits.open(world.at('#/changes?repository=*'));
    const alert = page.getByRole('alert');
    await alert.waitFor(patience);
    expect(await alert.textContent()).toContain('write "**" for every repository');
  });

  it('holds still under the pointer', async () => {
    const page = await openLive();
    await page.hover('tbody tr:nth-child(2)');
    const before = await first(page);
    await push('docker.io/library/pointed-at:1');
    await until('1 new', async () => (await newButton(page).textContent()) === '1 new');
    expect(await first(page)).toBe(before);
    await page.hover('h1');
    await push('docker.io/library/left:1');
    await comes(page, 'library/left:1');
  });

  it('shows what it held when asked', async () => {
    const page = await openLive();
    await page.focus('tbody tr:nth-child(2) a');
    await push('docker.io/library/held:1', 3);
    await until('3 new', async () => (await newButton(page).textContent()) === '3 new');
    await newButton(page).click();
    await comes(page, 'library/held:1');
    expect(await newButton(page).count()).toBe(0);
  });

  it('leads to older changes, page by page, and back', async () => {
    await push('docker.io/library/many:1', 110);
    const page = await openLive('?repository=many');
    await page.getByRole('link', { name: 'Older changes' }).click();
    await page.getByRole('heading', { name: 'Older changes' }).waitFor(patience);
    await until('the ten oldest are drawn', async () => (await page.locator('tbody tr').count()) === 10);
    await page.getByRole('link', { name: 'Back to live' }).click();
    await page.locator('[role=status]', { hasText: 'Live' }).waitFor(patience);
    expect(page.url()).toMatch(/#\/changes\?repository=many$/);
  });

  it('without a change says how to publish one, with the hook of this gateway', async () => {
    const own = await spawnGateway({ settings: alone });
    try {
      const page = await visits.open(`${own.url}/ui/#/changes`);
      await page.getByText('No change yet.').waitFor(patience);
      const command = page.locator('.code-block');
      await until(
        'the hook',
        async () => (await command.textContent())?.includes('/v1/hooks/publish') === true,
      );
      expect(await axeFindings(page)).toEqual([]);
    } finally {
      await own.stop('SIGKILL');
    }
  });
});
