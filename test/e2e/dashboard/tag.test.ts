// @needs chromium
/** The screens Repository and Tag: what is shown, and what is copied. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { digest } from '../../support/gateway.ts';
import { until } from '../../support/until.ts';
import { patience, Visits } from './support/visits.ts';
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

const pinned = `docker.io/library/nginx@${digest('moved')}`;

describe('a tag', () => {
  it('shows what it points at, to copy as tools take it, and what happened to it', async () => {
    const page = await visits.open(world.at('#/tag/docker.io/library/nginx:1.27'));
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await page.getByRole('button', { name: `Copy ${pinned}` }).click(patience);
    await until(
      'it is copied',
      async () => (await page.evaluate('navigator.clipboard.readText()')) === pinned,
    );
    await page.waitForSelector('tbody tr', patience);
    const history = await page.locator('tbody tr').allTextContents();
    expect(history.map((row) => /Created|Moved/.exec(row)?.[0])).toEqual(['Moved', 'Created']);
    expect(await page.title()).toBe('docker.io/library/nginx:1.27 · gateway-1 · Manifeed');
  });

  it('that was deleted says so', async () => {
    const page = await visits.open(world.at('#/tag/docker.io/library/redis:latest'));
    await page.getByText('The tag was deleted.').waitFor(patience);
  });

  it('that nobody knows, or that is none, says what to do', async () => {
    const page = await visits.open(world.at('#/tag/docker.io/library/nginx:unheard-of'));
    await page.getByText('The gateway knows no such tag.').waitFor(patience);
    await page.evaluate("location.hash = '#/tag/nginx'");
    await page.getByText('It needs host, name and tag').waitFor(patience);
  });
});

describe('a repository', () => {
  it('lists its tags in the order that is chosen, and those that match', async () => {
    const page = await visits.open(world.at('#/repository/docker.io/library/nginx'));
    const tags = () => page.locator('tbody th').allTextContents();
    const become = (...wanted: readonly string[]) =>
      until(wanted.join(', '), async () => (await tags()).join() === wanted.join());
    await until('the tag that moved last is first', async () => (await tags())[0] === '1.27');
    await page.getByLabel('Order').selectOption('Name');
    await become('1.26', '1.27', 'latest');
    await page.getByLabel('Tag', { exact: true }).fill('1.*');
    await page.getByLabel('Tag', { exact: true }).press('Enter');
    await become('1.26', '1.27');
    expect(page.url()).toMatch(/\?order=name&tag=1\.\*$/);
  });

  it('copies a digest with the name', async () => {
    const page = await visits.open(world.at('#/repository/docker.io/library/nginx?tag=1.27'));
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await page.getByRole('button', { name: 'Copy digest' }).click(patience);
    await until(
      'it is copied',
      async () => (await page.evaluate('navigator.clipboard.readText()')) === pinned,
    );
  });
});

describe('Connect', () => {
  it('has the filter of the address in each language', async () => {
    const page = await visits.open(world.at('#/connect?repository=nginx&tag=1.*'));
    await page.waitForSelector('.code-block', patience);
    const texts = await page.locator('.code-block pre').allTextContents();
    expect(texts.length).toBe(5);
    expect(texts.filter((text) => !text.includes('nginx') || !/1\.(?:\*|%2A)/.test(text))).toEqual([]);
    // The page lies at the gateway itself, so what is shown leads there.
    const { port } = world.gateway;
    expect(texts.filter((text) => !text.includes(`http://127.0.0.1:${port}`))).toEqual([]);
  });
});
