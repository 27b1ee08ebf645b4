// @needs chromium nginx haproxy
/** The dashboard below a path of a proxy, as docs/dashboard.md has it for nginx and HAProxy. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { digest, type GatewayProcess, publish, spawnGateway } from '../../support/gateway.ts';
import { type FrontProxy, startProxy } from './support/proxies.ts';
import { patience, settled, Visits } from './support/visits.ts';

let gateway: GatewayProcess;
let visits: Visits;
beforeAll(async () => {
  const settings = { trustProxy: ['127.0.0.1'], access: [token('root', { admin: true })] };
  [visits, gateway] = await Promise.all([Visits.begin(), spawnGateway({ settings })]);
});
afterEach(() => visits.endTest());
afterAll(async () => {
  await visits?.close();
  await gateway?.stop('SIGKILL');
});

function token(name: string, rights: object) {
  return { name, sha256: digest(`token-of-${name}`).slice(7), ...rights };
}

describe.each(['nginx', 'haproxy'] as const)('below a path of %s', (program) => {
  let proxy: FrontProxy;
  beforeAll(async () => {
    proxy = await startProxy(program, gateway.port);
  });
  afterAll(() => proxy?.close());

  it('the path alone leads to the dashboard, which asks and follows the gateway below it', async () => {
    visits.allow(/status of 401/);
    for (const path of ['/manifeed', '/manifeed/', '/manifeed/ui']) {
      const page = await visits.open(`${proxy.url}${path}`);
      expect(page.url()).toBe(`${proxy.url}/manifeed/ui/`);
      await page.close();
    }
    const page = await visits.open(`${proxy.url}/manifeed/ui/#/changes`);
    const sockets: string[] = [];
    page.on('websocket', (socket) => sockets.push(socket.url()));
    await page.getByLabel('Token').fill('token-of-root');
    await page.keyboard.press('Enter');
    await page.getByRole('status').filter({ hasText: 'Live' }).waitFor(patience);
    expect(sockets).toEqual([`${proxy.url.replace('http', 'ws')}/manifeed/v1/socket`]);
    await publish(gateway.port, [{ reference: `team/${program}:1`, digest: digest(program) }]);
    await page.getByRole('link', { name: `team/${program}:1` }).waitFor(patience);
    for (const hash of ['#/now', '#/hooks/publish', '#/targets', '#/subscribers', '#/pace']) {
      await page.evaluate(`location.hash = ${JSON.stringify(hash)}`);
      await settled(page);
    }
    await page.evaluate(`location.hash = '#/hooks/publish'`);
    await page.getByText(`${proxy.url}/manifeed/v1/hooks/publish`).waitFor(patience);
  });
});
