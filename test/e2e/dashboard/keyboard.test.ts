// @needs chromium
/** Everything without a mouse: the keys, and the way of Tab. */
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { until } from '../../support/until.ts';
import { patience, settled, Visits } from './support/visits.ts';
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

const hash = (page: Page) => page.evaluate('location.hash');
const focused = (page: Page) =>
  page.evaluate<string>(
    `(({ tagName, id, textContent }) => tagName + ' ' + (id || textContent.trim()))(document.activeElement)`,
  );
const at = (page: Page, wanted: string) =>
  until(`the page is at ${wanted}`, async () => (await hash(page)) === wanted);

it('g and a letter go to each screen, and say so to a screen reader by the focus', async () => {
  const page = await visits.open(world.at('#/now'));
  const links: [string, string][] = await page.evaluate(
    `[...document.querySelectorAll('nav[aria-label=Screens] a')].map((each) =>
      [each.getAttribute('href'), each.querySelector('span')?.textContent.slice(-1)])`,
  );
  const letters = links.map(([, letter]) => letter);
  expect(new Set(letters).size).toBe(links.length);
  for (const [href, letter] of links.toReversed()) {
    await page.keyboard.press('g');
    await page.keyboard.press(letter);
    await at(page, href);
    await settled(page);
    expect(await focused(page)).toMatch(/^H1 /);
  }
});

it('/ finds a repository, j and k walk the rows, Enter opens one', async () => {
  const page = await visits.open(world.at('#/now'));
  await page.keyboard.press('/');
  await until('the field has the focus', async () => (await focused(page)) === 'INPUT find');
  // Letters belong to the field now.
  await page.keyboard.type('ginx');
  expect(await hash(page)).toBe('#/repositories?find=ginx');
  await until('only what was typed is found', async () => (await page.locator('tbody tr').count()) === 1);
  await page.keyboard.press('Enter');
  await until('the row has the focus', async () => /^A .*library\/nginx/.test(await focused(page)));
  await page.keyboard.press('Enter');
  await at(page, '#/repository/docker.io/library/nginx');
  await page.getByRole('link', { name: 'latest' }).waitFor(patience);
  const seen: string[] = [];
  for (const key of ['j', 'j', 'k']) {
    await page.keyboard.press(key);
    seen.push(await focused(page));
  }
  expect(seen[0]).toBe(seen[2]);
  expect(seen[0]).not.toBe(seen[1]);
  await page.keyboard.press('Enter');
  await until('a tag is shown', async () => /^#\/tag\//.test(String(await hash(page))));
});

it('p pauses, ? shows the keys, and Escape closes them', async () => {
  const page = await visits.open(world.at('#/changes'));
  await page.getByRole('status').filter({ hasText: 'Live' }).waitFor(patience);
  await page.keyboard.press('p');
  await page.getByRole('button', { name: 'Go on', pressed: true }).waitFor(patience);
  await page.keyboard.press('p');
  await page.getByRole('button', { name: 'Pause', pressed: false }).waitFor(patience);
  await page.keyboard.press('?');
  await page.getByRole('dialog').waitFor(patience);
  await page.keyboard.press('g');
  await page.keyboard.press('n');
  expect(await hash(page)).toBe('#/changes');
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ ...patience, state: 'hidden' });
});

it('Tab reaches everything that can be used, and what has the focus can be seen', async () => {
  const page = await visits.open(world.at('#/pace'));
  await page.getByLabel('Deliveries a second', { exact: true }).waitFor(patience);
  const usable: number = await page.evaluate(
    `[...document.querySelectorAll('a[href], button, input:not([type=radio]), input:checked, select, summary')]
      .filter((each) => each.checkVisibility()).length`,
  );
  const reached = new Set<string>();
  const hidden: string[] = [];
  for (let step = 0; step < usable; step++) {
    await page.keyboard.press('Tab');
    const [name, isSeen]: [string, boolean] = await page.evaluate(`(() => {
      const one = document.activeElement;
      const shown = one.matches('input[type=radio]') ? one.closest('label') : one;
      const { outlineStyle, outlineWidth, borderColor } = getComputedStyle(shown);
      const isSeen = (outlineStyle !== 'none' && outlineWidth !== '0px') && shown.getBoundingClientRect().top >= 0;
      return [one.tagName + ' ' + (one.id || one.textContent.trim() || one.closest('label')?.textContent), isSeen];
    })()`);
    reached.add(name);
    if (!isSeen) hidden.push(name);
  }
  expect(hidden).toEqual([]);
  expect(reached.size).toBe(usable);
  for (const wanted of ['INPUT pace-rate', 'INPUT pace-repository', 'SELECT pace-length'])
    expect([...reached]).toContain(wanted);
});
