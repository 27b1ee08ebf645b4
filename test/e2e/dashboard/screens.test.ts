// @needs chromium
/** Each screen of the dashboard at three sizes and in both themes: axe finds nothing, and nothing sticks out. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startTools, type Tools } from './support/tools.ts';
import { axeFindings, scrollsSideways, settled, sizes, themes, Visits } from './support/visits.ts';
import { openWorld, type World } from './support/world.ts';

let world: World;
let tools: Tools;
let visits: Visits;
beforeAll(async () => {
  [visits, tools] = await Promise.all([Visits.begin(), startTools()]);
  world = await openWorld({ targets: tools.targets });
});
afterEach(() => visits.endTest());
afterAll(async () => {
  await visits?.close();
  await world?.close();
  await tools?.close();
});

/** Reached from others, not from the navigation. */
const others = [
  ...['#/repository/docker.io/library/nginx', '#/tag/docker.io/library/nginx:1.27', '#/nowhere'],
  ...['#/targets/watchtower', '#/targets/a-target-with-quite-a-long-name.and-another-part'],
];

const looks = (['small', 'medium', 'large'] as const).flatMap((size) =>
  themes.map((theme) => ({ size, theme })),
);

describe.each(looks)('at $size in $theme', ({ size, theme }) => {
  it('no screen has a finding of axe, sticks out, or says anything to the console', async () => {
    const page = await visits.open(world.at('#/now'), { size, theme });
    const hashes: string[] = await page.evaluate(
      `[...document.querySelectorAll('nav[aria-label=Screens] a')].map((each) => each.getAttribute('href'))`,
    );
    expect(hashes.length).toBeGreaterThan(0);
    for (const hash of [...hashes, ...others]) {
      await page.evaluate(`location.hash = ${JSON.stringify(hash)}`);
      await settled(page);
      expect([hash, await axeFindings(page)]).toEqual([hash, []]);
      expect([hash, await scrollsSideways(page)]).toEqual([hash, false]);
    }
    expect(page.viewportSize()).toEqual(sizes[size]);
  });
});
