/** Pages in a real Chromium that are watched: whatever a page does wrong fails the test that opened it. */
import axe from 'axe-core';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { programFile } from '../../../support/parts.ts';
import { until } from '../../../support/until.ts';
import { builtDashboard } from './built.ts';

/** A telephone, a laptop, a screen on a wall. */
export const sizes = {
  small: { width: 320, height: 640 },
  medium: { width: 1280, height: 800 },
  large: { width: 2560, height: 1440 },
} as const;
export type Size = keyof typeof sizes;

export const themes = ['light', 'dark'] as const;

/** How long a page may take to show something, ms. Long, because the machine may be busy. */
export const patience = { timeout: 60_000 };

export interface VisitOptions {
  /** Default `medium`. */
  readonly size?: Size;
  /** Default `light`. */
  readonly theme?: (typeof themes)[number];
  /** Kept from an earlier page: `BrowserContext.pages` then share their storage. */
  readonly context?: BrowserContext;
}

const args = [
  ...['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'],
  ...['--disable-component-update', '--disable-sync'],
];

export class Visits {
  readonly #browser: Browser;
  #contexts: BrowserContext[] = [];
  #faults: string[] = [];
  #allowed: RegExp[] = [];

  /** Builds the dashboard if need be, and starts the browser. */
  static async begin(): Promise<Visits> {
    await builtDashboard();
    const executablePath = programFile('chromium') ?? 'chromium';
    return new Visits(await chromium.launch({ executablePath, args }));
  }

  private constructor(browser: Browser) {
    this.#browser = browser;
  }

  /** Opens a page, and waits until it shows something. @param url of the dashboard, with its hash */
  async open(url: string, options: VisitOptions = {}): Promise<Page> {
    const { size = 'medium', theme = 'light' } = options;
    const context =
      options.context ??
      (await this.#browser.newContext({
        viewport: sizes[size],
        colorScheme: theme,
        reducedMotion: 'reduce',
      }));
    context.setDefaultTimeout(patience.timeout);
    if (!this.#contexts.includes(context)) this.#contexts.push(context);
    const page = await context.newPage();
    this.#watch(page, new URL(url).host);
    await page.goto(url);
    await page.waitForSelector('h1', patience);
    return page;
  }

  /** In this test the page may say that: a browser itself logs each answer that is an error, and lost connections. */
  allow(...faults: readonly RegExp[]): void {
    this.#allowed.push(...faults);
  }

  /** Ends what a test opened. @throws Error with everything that went wrong in its pages */
  async endTest(): Promise<void> {
    const faults = this.#faults.filter((fault) => !this.#allowed.some((allowed) => allowed.test(fault)));
    const contexts = this.#contexts;
    this.#contexts = [];
    this.#faults = [];
    this.#allowed = [];
    await Promise.all(contexts.map((context) => context.close()));
    if (faults.length > 0)
      throw new Error(`visit the dashboard: must be without faults:\n${faults.join('\n')}`);
  }

  async close(): Promise<void> {
    await this.#browser.close();
  }

  #watch(page: Page, host: string): void {
    const note = (fault: string) => this.#faults.push(fault);
    // What the policy forbids is an error in the console, too.
    page.on('console', (message) => {
      const { url } = message.location();
      if (['error', 'warning'].includes(message.type())) note(`console: ${message.text()} (${url})`);
    });
    page.on('pageerror', (error) => note(`error: ${error.stack ?? error.message}`));
    page.on('crash', () => note('the page crashed'));
    page.on('request', (request) => {
      if (new URL(request.url()).host !== host) note(`request to another host: ${request.url()}`);
    });
    page.on('websocket', (socket) => {
      if (new URL(socket.url()).host !== host) note(`WebSocket to another host: ${socket.url()}`);
    });
  }
}

/** What axe finds wrong in the page as it is, one line each. */
export async function axeFindings(page: Page): Promise<readonly string[]> {
  if (!(await page.evaluate('"axe" in globalThis'))) await page.evaluate(axe.source);
  const results: axe.AxeResults = await page.evaluate('axe.run(document, { resultTypes: ["violations"] })');
  return results.violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id}: ${target.join(' ')}: ${failureSummary}`),
  );
}

/** Whether something sticks out to the right, so that the page scrolls sideways. */
export function scrollsSideways(page: Page): Promise<boolean> {
  return page.evaluate('document.documentElement.scrollWidth > document.documentElement.clientWidth');
}

/** Waits until the screen has what it asked the gateway for. */
export async function settled(page: Page): Promise<void> {
  await page.waitForSelector('main h1', patience);
  // Not by `waitForFunction`: it evaluates a text again and again, which the policy forbids.
  const connecting = page.locator('[role=status]', { hasText: 'Connecting' });
  const what = `the gateway has answered at ${page.url()}`;
  await until(what, async () => (await connecting.count()) === 0, patience.timeout);
}
