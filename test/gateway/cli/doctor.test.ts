/** `manifeed doctor` at gateways and behind proxies with one fault each. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { heldBackMs } from '../../../src/cli/doctor/checks/transports.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import { type Faults, startBadProxy } from '../../support/bad-proxy.ts';
import { as, diagnose, guarded, refusalOf } from '../../support/doctor.ts';
import { freePort } from '../../support/free-port.ts';
import { hurried, type Settings, startGateway } from '../../support/gateway.ts';
import { TargetWorld, webhookOf } from '../../support/target-gateway.ts';
import { until } from '../../support/until.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close();
});

async function gatewayWith(settings: Settings = {}, parts: Parameters<typeof startGateway>[1] = {}) {
  const gateway = await startGateway(settings, parts);
  open.push(gateway);
  return gateway;
}

/** A gateway behind a proxy with faults. */
async function behind(faults: Faults, settings: Settings = {}): Promise<string> {
  const proxy = await startBadProxy((await gatewayWith(settings)).port, faults);
  open.push(proxy);
  return proxy.url;
}

/** A server that answers with redirects alone. */
async function redirectTo(url: string): Promise<string> {
  const server = createServer((request, answer) =>
    answer.writeHead(308, { location: `${url}${request.url ?? ''}` }).end(),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = async () => {
    server.closeAllConnections();
    server.close();
  };
  open.push({ close });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const impatient = { clock: hurried(heldBackMs, 1_000) };

describe('manifeed doctor', () => {
  it('finds nothing wrong with a gateway with which nothing is wrong', async () => {
    const { url } = await gatewayWith({ ...guarded, webhooks: [] });
    const { code, findings } = await diagnose(url, [], as('root'));
    expect(findings.filter(({ level }) => level !== 'ok').map(({ text }) => text)).toEqual([
      'it is in memory: after a restart all subscribers are reset',
    ]);
    expect(code).toBe(0);
    expect(new Set(findings.map(({ check }) => check))).toEqual(
      new Set([
        ...[
          'gateway',
          'clock',
          'token',
          'subscribers',
          'registries',
          'hooks',
          'targets',
          'descriptors',
          'ledger',
        ],
        ...['sse', 'websocket', 'long-poll'],
      ]),
    );
  });

  it('counts no stream of its own among the subscribers', async () => {
    const { url } = await gatewayWith();
    expect((await diagnose(url)).of('subscribers')[0]?.text).toMatch(/^0 of \d+ are connected$/);
  });

  it('says in words what everybody may do, and what an administrator may', async () => {
    const open = await gatewayWith();
    expect((await diagnose(open.url)).of('token')[0]?.text).toMatch(
      /^none is needed: everybody may see all repositories, and do what an administrator may \(gateway /,
    );
    const { url } = await gatewayWith(guarded);
    expect((await diagnose(url, [], as('root'))).of('token')[0]?.text).toMatch(
      /^it is root, and may see all repositories, and do what an administrator may \(gateway /,
    );
  });

  it('finds a target that its tool disabled, and names what helps', async () => {
    const world = new TargetWorld();
    open.push({ close: () => world.end() });
    const sink = await world.sink(() => ({ status: 410, body: 'gone' }));
    const { gateway, push, shown } = await world.gateway([webhookOf(sink)]);
    await push('registry.example.com/team/app:1');
    await until('it to be disabled', async () => (await shown()).state === 'disabled');
    const { code, of } = await diagnose(gateway.url);
    expect(of('targets')).toEqual([
      {
        ...{ level: 'warning', check: 'targets', about: 'hooks' },
        text: 'It is disabled, because its tool wants no more: status 410: gone',
        remedy: 'See what the tool wants, then run manifeed targets resume hooks',
        docs: 'docs/targets.md#try-it-and-watch-it',
      },
    ]);
    expect(code).toBe(0);
  });

  it('finds a gateway that is down, and asks nothing more', async () => {
    const { code, findings } = await diagnose(`http://127.0.0.1:${await freePort()}`);
    expect([code, findings.length]).toEqual([1, 1]);
    expect(findings[0]).toMatchObject({
      ...{ level: 'failed', check: 'gateway', text: expect.stringContaining('ECONNREFUSED') },
      remedy: 'Start the gateway, or correct the port: nothing listens there',
    });
  });

  it.each<[string, Faults, RegExp, RegExp]>([
    [
      'a proxy that does not reach the gateway',
      { answers: { '/healthz': { status: 502, body: '<h1>502</h1>' } } },
      /a proxy answers with 502/,
      /addresses in the proxy are right/,
    ],
    [
      'a proxy that sometimes does not reach the gateway',
      { answers: { '/readyz': { status: 502, body: '<h1>502</h1>' } } },
      /^it answers, but does not say whether it is ready: a proxy answers with 502/,
      /The proxy reaches no gateway/,
    ],
    [
      'something that is no gateway',
      { answers: { '/healthz': { status: 404, body: 'nothing here' } } },
      /what answers is no gateway/,
      /Correct --gateway/,
    ],
    [
      'a proxy that passes on another name',
      { host: 'inner.example' },
      /ORIGIN_DENIED/,
      /Have the proxy pass Host on/,
    ],
    [
      'a gateway that is not ready',
      { answers: { '/readyz': { status: 503, body: refusalOf('UNAVAILABLE', 'the disk is full') } } },
      /not ready.*the disk is full/,
      /Give its disk room/,
    ],
    [
      'a gateway that shuts down',
      { answers: { '/readyz': { status: 503, body: refusalOf('DRAINING', 'shutting down') } } },
      /not ready/,
      /ask another gateway/,
    ],
  ])('finds %s', async (_name, faults, text, remedy) => {
    const { code, of } = await diagnose(await behind(faults));
    expect(code).toBe(1);
    expect(of('gateway')).toMatchObject([
      { level: 'failed', text: expect.stringMatching(text), remedy: expect.stringMatching(remedy) },
    ]);
  });

  it.each([
    [3_600_000, 'ahead of'],
    [-3_600_000, 'behind'],
  ])('finds a clock that is %i ms off', async (dateOffsetMs, direction) => {
    const { of } = await diagnose(await behind({ dateOffsetMs }));
    const [first] = of('clock');
    expect(first).toMatchObject({
      ...{ level: 'failed', about: 'answering server', remedy: expect.stringContaining('NTP') },
      text: expect.stringMatching(new RegExp(`^its clock is 3(599|600|601) s ${direction} this`)),
    });
  });

  it('finds a gateway whose own clock is off, also behind a proxy whose clock is right', async () => {
    const clock = { ...systemClock, now: () => systemClock.now() - 60_000 };
    const { url } = await gatewayWith({}, { clock });
    const { of } = await diagnose(url);
    expect(of('clock')).toMatchObject([
      { level: 'ok', about: 'answering server' },
      {
        ...{ level: 'failed', about: 'gateway' },
        text: expect.stringMatching(/^its clock is (59|60|61) s behind/),
      },
    ]);
  });

  it('finds a token that is missing or refused, and says what was not looked at', async () => {
    const { url } = await gatewayWith(guarded);
    for (const [given, text] of [
      [{}, /asks for a token, and none was given/],
      [as('nobody'), /refuses this token/],
    ] as const) {
      const { code, of, findings } = await diagnose(url, [], given);
      expect(code).toBe(1);
      expect(of('token')).toMatchObject([{ level: 'failed', text: expect.stringMatching(text) }]);
      expect(findings.at(-1)).toMatchObject({
        level: 'skipped',
        remedy: expect.stringContaining('--token-file'),
      });
      expect(JSON.stringify(findings)).not.toContain('token-of-nobody');
    }
    // What cannot be a token is no finding about the gateway.
    const broken = await diagnose(url, [], as('nobody\nelse')).catch((error: unknown) => String(error));
    expect(broken).toMatch(/MANIFEED_TOKEN: must be a token: one line/);
    expect(broken).not.toContain('token-of-nobody');
  });

  it('finds a redirect, and names where it leads: no token goes there, and no WebSocket', async () => {
    const { url } = await gatewayWith(guarded);
    const { code, of } = await diagnose(await redirectTo(url), [], as('root'));
    expect([code, of('token')]).toMatchObject([
      1,
      [
        {
          text: `this address redirects to ${url}, where no token is sent`,
          remedy: `Name ${url} with --gateway`,
        },
      ],
    ]);
    const { url: openUrl } = await gatewayWith();
    expect((await diagnose(await redirectTo(openUrl))).of('websocket')).toMatchObject([
      {
        ...{ level: 'failed', remedy: `Name ${openUrl} with --gateway` },
        text: `the connection does not open: this address redirects to ${openUrl}, and no WebSocket follows`,
      },
    ]);
  });

  it('looks at transports with an ordinary token, and says what only an administrator sees', async () => {
    const { url } = await gatewayWith(guarded);
    const { code, of } = await diagnose(url, [], as('ci'));
    expect(code).toBe(0);
    expect(of('token')[0]?.text).toMatch(/^it is ci, and may see docker\.io\/team\/\* \(gateway /);
    expect(of('status')).toMatchObject([
      { level: 'skipped', remedy: expect.stringContaining('token with admin') },
    ]);
    for (const name of ['sse', 'websocket', 'long-poll']) expect(of(name)).toMatchObject([{ level: 'ok' }]);
  });

  it.each<[string, Faults, string, RegExp, RegExp]>([
    [
      'collects event streams',
      { streams: 'buffer' },
      'sse',
      /the head of the answer came, and no byte/,
      /buffering/,
    ],
    ['holds event streams', { streams: 'hold' }, 'sse', /no head of the answer came for 5 s/, /buffering/],
    ['ends event streams', { streams: 'cut' }, 'sse', /the stream does not last/, /its timeouts/],
    [
      'passes no Upgrade on',
      { upgrades: 'ignore' },
      'websocket',
      /does not open/,
      /pass Upgrade and Connection on/,
    ],
    [
      'passes no message of a WebSocket on',
      { upgrades: 'mute' },
      'websocket',
      /no message came/,
      /keep the tunnel/,
    ],
    [
      'answers event streams itself',
      { answers: { '/v1/events': { status: 504, body: 'late' } } },
      'sse',
      /the stream does not last \(get \/v1\/events: 504/,
      /its timeouts/,
    ],
    [
      'answers long-polls too early',
      { answers: { '/v2/updates': { status: 504, body: 'late' } } },
      'long-poll',
      /a proxy answers with 504/,
      /longer than clients do/,
    ],
    [
      'reaches no gateway for /v1/socket',
      { answers: { '/v1/socket': { status: 502, body: '<h1>502</h1>' } } },
      'websocket',
      /^the connection does not open: a proxy answers with 502/,
      /^The proxy reaches no gateway/,
    ],
    [
      'does not know /v1/socket',
      { answers: { '/v1/socket': { status: 404, body: '<h1>404</h1>' } } },
      'websocket',
      /does not open \(get \/v1\/socket: 404 from something that is no gateway/,
      /^Have the proxy pass \/v1\/socket on to the gateway/,
    ],
    ...(['/v1/events', '/v2/updates'] as const).map((path): [string, Faults, string, RegExp, RegExp] => [
      `reaches no gateway for ${path}`,
      { answers: { [path]: { status: 502, body: '<h1>502</h1>' } } },
      path === '/v1/events' ? 'sse' : 'long-poll',
      /a proxy answers with 502/,
      /The proxy reaches no gateway/,
    ]),
  ])(
    'finds a proxy that %s, and the other transports come through',
    async (_name, faults, check, text, remedy) => {
      const { code, of } = await diagnose(await behind(faults), [], impatient);
      expect(code).toBe(1);
      expect(of(check)).toMatchObject([
        {
          ...{ level: 'failed', text: expect.stringMatching(text), remedy: expect.stringMatching(remedy) },
          docs: expect.stringContaining('docs/operating.md#'),
        },
      ]);
      for (const other of ['sse', 'websocket', 'long-poll'].filter((each) => each !== check))
        expect(of(other)).toMatchObject([{ level: 'ok' }]);
    },
  );

  it('says of a status that a proxy answers that the proxy reaches no gateway', async () => {
    const url = await behind({ answers: { '/v1/status': { status: 503, body: '<h1>503</h1>' } } });
    expect((await diagnose(url)).of('status')).toMatchObject([
      {
        level: 'skipped',
        text: expect.stringContaining('a proxy answers with 503'),
        remedy: expect.stringContaining('The proxy reaches no gateway'),
      },
    ]);
  });

  it('finds hooks that are silent or refused', async () => {
    const dayLater = { ...systemClock, monotonic: () => systemClock.monotonic() + offset };
    let offset = 0;
    const gateway = await gatewayWith(
      {
        webhooks: [
          { name: 'harbor', kind: 'manifeed', token: 'right' },
          { name: 'quiet', kind: 'manifeed', verify: 'none' },
        ],
      },
      { clock: dayLater },
    );
    await fetch(`${gateway.url}/v1/hooks/harbor`, { method: 'POST', body: '{}' });
    offset = 25 * 3_600_000;
    const { code, of } = await diagnose(gateway.url);
    expect(code).toBe(0);
    expect(of('hooks')).toMatchObject([
      { level: 'warning', about: 'harbor', text: expect.stringContaining('UNAUTHORIZED') },
      { level: 'warning', about: 'quiet', text: expect.stringContaining('Nothing came for 1 day') },
    ]);
    for (const { remedy } of of('hooks')) expect(remedy).not.toBeNull();
  });

  it('finds https:// where the gateway speaks HTTP without TLS', async () => {
    const { url } = await gatewayWith();
    const { code, of } = await diagnose(url.replace('http:', 'https:'));
    expect([code, of('gateway')]).toMatchObject([
      1,
      [
        {
          level: 'failed',
          text: 'no answer (it speaks HTTP without TLS)',
          remedy: expect.stringContaining('Write http://'),
        },
      ],
    ]);
  });

  it('finds a gateway with few descriptors', async () => {
    const { url } = await gatewayWith({}, { openFiles: 1_024 });
    expect((await diagnose(url)).of('descriptors')).toMatchObject([
      {
        level: 'warning',
        text: expect.stringContaining('only 1024 files'),
        remedy: expect.stringContaining('LimitNOFILE'),
      },
    ]);
  });
});
