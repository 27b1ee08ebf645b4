/**
 * How long a page keeps its thread busy (Long Tasks API). Tests print it: on a machine that does other work at the
 * same time it is no bound to hold.
 */
import type { Page } from 'playwright-core';

/** Notes tasks of more than 50 ms from now on. */
export async function watchTasks(page: Page): Promise<void> {
  await page.evaluate(`
    globalThis.longTasks = [];
    new PerformanceObserver((list) => longTasks.push(...list.getEntries().map(({ duration }) => duration)))
      .observe({ type: 'longtask', buffered: true });
  `);
}

/** Of the longest one, ms; 0: none took more than 50 ms. */
export async function longestTask(page: Page): Promise<number> {
  return page.evaluate('Math.round(Math.max(0, ...longTasks))');
}
