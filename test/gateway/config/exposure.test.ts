import { afterEach, describe, expect, it } from 'vitest';
import { type Gateway, startGateway } from '../../support/gateway.ts';

let gateway: Gateway | null = null;
afterEach(() => gateway?.close());

describe('an open gateway on loopback', () => {
  it('warns at its start of a proxy that brings others to it', async () => {
    gateway = await startGateway({ trustProxy: ['127.0.0.1'] });
    expect(gateway.logs()).toContain('everyone who can reach the proxy can subscribe');
  });
});
