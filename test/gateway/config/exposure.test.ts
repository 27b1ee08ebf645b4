import { afterEach, describe, expect, it } from 'vitest';
import { type Gateway, startGateway } from '../../support/gateway.ts';

let gateway: Gateway | null = null;
afterEach(() => gateway?.close());

describe('an open gateway', () => {
  it.each([
    ['lets this machine administer it', {}, 200],
    ['lets nobody administer it behind a proxy', { access: 'open', trustProxy: ['127.0.0.1'] }, 403],
  ])('%s', async (_, settings, status) => {
    gateway = await startGateway(settings);
    expect((await fetch(`${gateway.url}/v1/status`)).status).toBe(status);
  });

  it('warns at its start of webhooks that take deliveries from anyone behind a proxy', async () => {
    gateway = await startGateway({ access: 'open', trustProxy: ['127.0.0.1'] });
    expect(gateway.logs()).toContain('these webhooks have \\"verify: none\\"');
  });
});
