/**
 * How a page divides its work. How long it keeps its thread busy (Long Tasks API) tests print: on a machine that does
 * other work at the same time it is no bound to hold. How many rows one step draws they check.
 */
import type { Page } from 'playwright-core';

/** Notes from now on how many rows each step adds, and, also from before, tasks of more than 50 ms. */
export async function watchTasks(page: Page): Promise<void> {
  await page.evaluate(`
    globalThis.longTasks = [];
    new PerformanceObserver((list) => longTasks.push(...list.getEntries().map(({ startTime, duration }) => ({ startTime, duration }))))
      .observe({ type: 'longtask', buffered: true });
    globalThis.mostRows = 0;
    // Called once for all that one step of the script has done.
    new MutationObserver((records) => {
      const rows = new Set();
      for (const node of records.flatMap(({ addedNodes }) => [...addedNodes])) {
        if (!(node instanceof Element)) continue;
        if (node.matches('tbody tr')) rows.add(node);
        for (const row of node.querySelectorAll('tbody tr')) rows.add(row);
      }
      const perTable = new Map();
      for (const row of rows) {
        const table = row.closest('table');
        perTable.set(table, (perTable.get(table) ?? 0) + 1);
      }
      mostRows = Math.max(mostRows, ...perTable.values());
    }).observe(document.body, { childList: true, subtree: true });
  `);
}

/**
 * In words how long the longest task took. While a page opens in a browser that has just started, browser and page
 * share the processors, so that time stands apart.
 */
export async function longestTasks(page: Page): Promise<string> {
  const [opening, later] = await page.evaluate<[number, number]>(`[true, false].map((isOpening) => Math.round(
    Math.max(0, ...longTasks.filter((each) => each.startTime < 1_000 === isOpening).map((each) => each.duration))
  ))`);
  const words = (ms: number) => (ms === 0 ? 'at most 50 ms' : `${ms} ms`);
  return `${words(opening)} in its first second, then ${words(later)}`;
}

/** The most rows that one step has added to one table. */
export async function mostRowsOfStep(page: Page): Promise<number> {
  return page.evaluate('mostRows');
}
