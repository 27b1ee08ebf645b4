// @needs chromium
/** examples/page.html in a real browser. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { chromium } from 'playwright-core';
import { expect, it } from 'vitest';
import { digest, publish, spawnGateway } from '../support/gateway.ts';
import { programFile } from '../support/parts.ts';

it('the example page shows a change', async () => {
  const html = readFileSync(new URL('../../examples/page.html', import.meta.url));
  const site = createServer((_request, response) => {
    response.setHeader('content-type', 'text/html').end(html);
  });
  await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(site.address() as AddressInfo).port}`;
  const gateway = await spawnGateway({ settings: { cors: { origins: [origin] } } });
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
  try {
    const page = await browser.newPage();
    await page.goto(`${origin}/?gateway=${gateway.url}`);
    await page.waitForFunction('events.readyState === 1', null, { timeout: 60_000 });
    await publish(gateway.port, [{ reference: 'nginx:1.27', digest: digest('new') }]);
    const item = await page.waitForSelector('li', { timeout: 60_000 });
    expect(await item.textContent()).toBe(`tag.created library/nginx:1.27 ${digest('new')}`);
  } finally {
    await browser.close();
    await gateway.stop('SIGKILL');
    await new Promise((resolve) => site.close(resolve));
  }
});
