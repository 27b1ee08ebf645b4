// @needs chromium
/** The Content-Security-Policy of the page, as Chromium enforces it. What it must allow, the other tests use. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { type GatewayProcess, spawnGateway } from '../../support/gateway.ts';
import { Visits } from './support/visits.ts';

let gateway: GatewayProcess;
let visits: Visits;
beforeAll(async () => {
  [visits, gateway] = await Promise.all([Visits.begin(), spawnGateway({ settings: {} })]);
});
afterEach(() => visits.endTest());
afterAll(async () => {
  await visits?.close();
  await gateway?.stop('SIGKILL');
});

it('runs no text as a script, makes no text into elements, and asks no other host', async () => {
  visits.allow(/Content Security Policy|TrustedHTML|TrustedScript|Trusted Type|Fetch API cannot load/);
  const page = await visits.open(`${gateway.url}/ui/`);
  const outcome = await page.evaluate(`(async () => {
    const attempt = (run) => { try { run(); return 'done'; } catch (error) { return error.name; } };
    const inline = document.createElement('script');
    inline.append('globalThis.wasRun = true');
    const elements = attempt(() => { document.body.innerHTML = '<b>text</b>'; });
    // Later: what the debugger evaluates may evaluate, as long as it runs.
    const code = await new Promise((tell) => setTimeout(() => tell(attempt(() => eval('1')))));
    attempt(() => document.body.append(inline));
    const elsewhere = await fetch('http://127.0.0.2:9/').then(() => 'done', (error) => error.name);
    return { elements, code, elsewhere, wasRun: globalThis.wasRun === true };
  })()`);
  expect(outcome).toEqual({
    elements: 'TypeError',
    code: 'EvalError',
    elsewhere: 'TypeError',
    wasRun: false,
  });
});

it('is shown in no frame of another page', async () => {
  visits.allow(/Content Security Policy|Failed to load resource|X-Frame|request to another host/);
  const site = createServer((_request, response) => {
    response.setHeader('content-type', 'text/html');
    response.end(
      `<!doctype html><title>a page</title><h1>a page</h1><iframe src="${gateway.url}/ui/"></iframe>`,
    );
  });
  await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
  const page = await visits.open(`http://127.0.0.1:${(site.address() as AddressInfo).port}/`);
  await page.waitForLoadState('networkidle');
  const frame = page.frames()[1];
  expect(await frame?.evaluate('document.querySelector("#app") === null')).toBe(true);
  await page.close();
  await new Promise((resolve) => site.close(resolve));
});
