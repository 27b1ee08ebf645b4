import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { programFile } from '../../../support/parts.ts';
import { installClient } from './installed.ts';
import type { Runner, Told } from './runner.ts';

/** As a page imports packages without a bundler. */
const html = `<!doctype html><title>a page</title>
<script type="importmap">{"imports":{
  "manifeed-client":"/node_modules/manifeed-client/dist/index.js",
  "eventsource-parser":"/node_modules/eventsource-parser/dist/index.js"
}}</script>
<script type="module">
  import { follow } from '/follower.mjs';
  globalThis.feeds = [];
  globalThis.begin = (options) => feeds.push(follow(options)) - 1;
</script>`;

/** Runs the installed client in a page of Chromium. */
export async function pageRunner(): Promise<Runner & { readonly origin: string }> {
  const installed = installClient();
  const site = createServer((request, response) => {
    const path = request.url ?? '/';
    if (path === '/') return response.setHeader('content-type', 'text/html').end(html);
    if (!/\.m?js$/.test(path)) return response.writeHead(404).end();
    response.setHeader('content-type', 'text/javascript').end(readFileSync(join(installed.folder, path)));
  });
  await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(site.address() as AddressInfo).port}`;
  const browser = await chromium.launch({
    executablePath: programFile('chromium') ?? 'chromium',
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--no-first-run',
      '--disable-background-networking',
    ],
  });
  const page = await browser.newPage();
  await page.goto(origin);
  await page.waitForFunction('globalThis.begin !== undefined', null, { timeout: 60_000 });
  return {
    origin,
    async follow(options) {
      const index = await page.evaluate(`begin(${JSON.stringify(options)})`);
      const call = (what: string) => page.evaluate<unknown>(`feeds[${index}].${what}`);
      return {
        told: () => page.evaluate<Told>(`feeds[${index}].told`),
        reconnect: async () => void (await call('reconnect()')),
        close: async () => void (await call('close()')),
      };
    },
    async close() {
      await browser.close();
      await new Promise((resolve) => site.close(resolve));
      installed.remove();
    },
  };
}
