// @needs chromium
/** A page in a real browser with nothing but `new EventSource(url)`. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { freePort } from '../support/free-port.ts';
import { digest, type GatewayProcess, publish, spawnGateway } from '../support/gateway.ts';
import { programFile } from '../support/parts.ts';

const token = 'token-of-the-page';
const waiting = { timeout: 60_000 };
const folder = mkdtempSync(join(tmpdir(), 'manifeed-browser-'));
let browser: Browser;
let site: Server;
let siteUrl: string;
let gatewayPort: number;
let gateway: GatewayProcess;

beforeAll(async () => {
  site = createServer((_request, response) => {
    response.setHeader('content-type', 'text/html');
    response.end('<!doctype html><title>a page</title>');
  });
  await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
  siteUrl = `http://127.0.0.1:${(site.address() as AddressInfo).port}`;
  gatewayPort = await freePort();
  gateway = await startAgain();
  browser = await chromium.launch({
    executablePath: programFile('chromium') ?? 'chromium',
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
});

afterAll(async () => {
  await browser?.close();
  await gateway?.stop('SIGKILL');
  await new Promise((resolve) => site.close(resolve));
  rmSync(folder, { recursive: true, force: true });
});

function startAgain(): Promise<GatewayProcess> {
  return spawnGateway({
    port: gatewayPort,
    settings: {
      ledger: `sqlite:${join(folder, 'manifeed.db')}`,
      cors: { origins: [siteUrl] },
      access: [{ name: 'page', sha256: digest(token).slice(7) }],
      log: { level: 'debug' },
    },
  });
}

/** A page that collects what its EventSource says. The script runs in the page, where our types do not reach. */
async function openPage(at: string): Promise<Page> {
  const page = await browser.newPage();
  await page.goto(at);
  const url = `http://127.0.0.1:${gatewayPort}/v1/events?repository=nginx&access_token=${token}`;
  await page.evaluate(`
    globalThis.tags = []; globalThis.events = [];
    globalThis.source = new EventSource(${JSON.stringify(url)});
    source.onmessage = (event) => tags.push(JSON.parse(event.data).tag);
    for (const type of ['open', 'error', 'ready', 'reset', 'bye'])
      source.addEventListener(type, () => events.push(type));
  `);
  return page;
}

const push = (tag: string) => publish(gatewayPort, [{ reference: `nginx:${tag}`, digest: digest(tag) }]);
const has = (page: Page, tag: string) =>
  page.waitForFunction(`tags.includes(${JSON.stringify(tag)})`, null, waiting);

it('G1: a plain EventSource gets changes, survives kill -9 and SIGTERM, and resumes without a gap', async () => {
  const page = await openPage(siteUrl);
  await page.waitForFunction(`events.includes('ready')`, null, waiting);
  await push('1');
  await has(page, '1');

  await gateway.stop('SIGKILL');
  gateway = await startAgain();
  // Before the browser is back: only its Last-Event-ID can bring this.
  await push('2');
  await has(page, '2');

  await gateway.stop('SIGTERM');
  await page.waitForFunction(`events.includes('bye')`, null, waiting);
  gateway = await startAgain();
  await push('3');
  await push('4');
  await has(page, '4');
  expect(await page.evaluate('tags')).toEqual(['1', '2', '3', '4']);
  expect(await page.evaluate(`events.includes('reset')`)).toBe(false);
  expect(gateway.output()).not.toContain(token);
}, 240_000);

it('a page reads long-polls with their Link, and opens a WebSocket', async () => {
  const page = await browser.newPage();
  await page.goto(siteUrl);
  const base = `127.0.0.1:${gatewayPort}`;
  const link = await page.evaluate(`
    fetch('http://${base}/v2/updates?access_token=${token}').then((answer) => answer.headers.get('link'))
  `);
  expect(link).toMatch(/^<\/v2\/updates\?after=[0-9a-z]+-\d+>; rel="next"$/);
  const first = await page.evaluate(`new Promise((resolve) => {
    const socket = new WebSocket('ws://${base}/v1/socket', 'manifeed.v1');
    socket.onopen = () => socket.send(JSON.stringify({ type: 'subscribe', id: 'a', access_token: '${token}' }));
    socket.onmessage = (event) => resolve(socket.protocol + ' ' + event.data);
    socket.onclose = (event) => resolve('closed ' + event.code);
  })`);
  expect(first).toBe('manifeed.v1 {"type":"subscribed","id":"a"}');
});

it('a page of an origin that is not configured gets nothing', async () => {
  const port = (site.address() as AddressInfo).port;
  const page = await openPage(`http://localhost:${port}`);
  await page.waitForFunction(`events.includes('error')`, null, waiting);
  expect(await page.evaluate('[source.readyState === 2, tags.length, events]')).toEqual([true, 0, ['error']]);
});
