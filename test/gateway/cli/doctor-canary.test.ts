/** `manifeed doctor --canary`. */
import { afterEach, describe, expect, it } from 'vitest';
import { canaryMs } from '../../../src/cli/doctor/checks/canary.ts';
import { startBadProxy } from '../../support/bad-proxy.ts';
import { as, diagnose, guarded, refusalOf } from '../../support/doctor.ts';
import { hurried, type Settings, startGateway } from '../../support/gateway.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close();
});

async function gatewayWith(settings: Settings) {
  const gateway = await startGateway(settings);
  open.push(gateway);
  return gateway;
}

describe('manifeed doctor --canary', () => {
  const withHook = { ...as('root'), files: { hook: 'hook-secret', wrong: 'nonsense' } };
  const canary = ['--canary', '--hook-token-file', 'hook'];

  it('publishes a tag, sees it come back, and takes it back', async () => {
    const gateway = await gatewayWith(guarded);
    const { code, of } = await diagnose(gateway.url, canary, withHook);
    expect(of('canary')).toMatchObject([
      { level: 'ok', text: expect.stringMatching(/came back after \d+ ms/) },
    ]);
    expect(code).toBe(0);
    const headers = { authorization: 'Bearer token-of-root' };
    const tags = await fetch(`${gateway.url}/v1/tags?repository=manifeed-doctor/canary`, { headers });
    expect(await tags.json()).toMatchObject({ tags: [] });
  });

  it.each<[string, readonly string[], object, RegExp, RegExp]>([
    [
      'the hook refuses the token',
      ['--canary', '--hook-token-file', 'wrong'],
      {},
      /refuses the token/,
      /--hook-token-file/,
    ],
    ['there is no such hook', [...canary, '--hook', 'nope'], {}, /no such webhook/, /--hook/],
    [
      'the token does not cover it',
      canary,
      as('ci'),
      /no stream of docker\.io\/manifeed-doctor\/canary/,
      /--repository/,
    ],
  ])('finds that %s', async (_name, args, more, text, remedy) => {
    const { url } = await gatewayWith(guarded);
    const { code, of } = await diagnose(url, args, { ...withHook, ...more });
    expect(code).toBe(1);
    expect(of('canary')).toMatchObject([
      { level: 'failed', text: expect.stringMatching(text), remedy: expect.stringMatching(remedy) },
    ]);
  });

  it('finds a proxy that reaches no gateway for the webhook', async () => {
    const faults = { answers: { '/v1/hooks/publish': { status: 502, body: '<h1>' } } };
    const proxy = await startBadProxy((await gatewayWith(guarded)).port, faults);
    open.push(proxy);
    expect((await diagnose(proxy.url, canary, withHook)).of('canary')).toMatchObject([
      {
        ...{ level: 'failed', about: 'publish', text: 'a proxy answers with 502, not the gateway' },
        remedy: expect.stringContaining('The proxy reaches no gateway'),
      },
    ]);
  });

  it('takes a repository that the token covers', async () => {
    const { url } = await gatewayWith(guarded);
    const args = [...canary, '--repository', 'team/canary'];
    expect((await diagnose(url, args, { ...withHook, ...as('ci') })).of('canary')).toMatchObject([
      { level: 'ok' },
    ]);
  });

  it('finds a publication that does not come back, and one that could not be taken back', async () => {
    const { url } = await gatewayWith(guarded);
    let posts = 0;
    // Behind a load balancer: the hook is another gateway's, with another ledger.
    const elsewhere: typeof globalThis.fetch = async (target, init) => {
      if (init?.method !== 'POST') return globalThis.fetch(target, init);
      posts += 1;
      return posts === 1
        ? new Response('{"accepted":1}', { status: 202 })
        : new Response(refusalOf('UNAVAILABLE', 'no room'), { status: 503 });
    };
    const { code, of } = await diagnose(url, canary, {
      ...{ ...withHook, fetch: elsewhere, clock: hurried(canaryMs, 2_000) },
    });
    expect(code).toBe(1);
    expect(of('canary')).toMatchObject([
      {
        level: 'failed',
        text: expect.stringContaining('did not come back'),
        remedy: expect.stringContaining('one ledger'),
      },
      {
        level: 'warning',
        text: expect.stringContaining('no room'),
        remedy: expect.stringContaining('--delete'),
      },
    ]);
  });
});
