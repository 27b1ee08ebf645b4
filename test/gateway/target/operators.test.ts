import { afterEach, describe, expect, it } from 'vitest';
import { changeIn, TargetWorld, webhookOf, webhookSecret } from '../../support/target-gateway.ts';
import { until } from '../../support/until.ts';

const world = new TargetWorld();

afterEach(() => world.end());

const repository = 'registry.example.com/team/app';

describe('an operator of targets', () => {
  it('sees a target that its tool disabled, and resumes it', async () => {
    const sink = await world.sink(() => ({ status: 410, body: 'gone fishing' }));
    const { push, shown, act, gateway } = await world.gateway([webhookOf(sink)]);
    await push(`${repository}:a`);
    await until('it to be disabled', async () => (await shown()).state === 'disabled');
    expect((await shown()).disabled).toBe('status 410: gone fishing');
    expect(await gateway.metric(/^manifeed_target_disabled/)).toBe(1);
    expect(await gateway.metric(/^manifeed_target_waiting_seconds/)).toBeGreaterThan(0);
    const status = await (await fetch(`${gateway.url}/v1/status`)).json();
    expect(status).toMatchObject({
      targets: [{ name: 'hooks', kind: 'webhook', state: 'disabled', late: false }],
      warnings: [{ severity: 'warning', code: 'target-disabled', about: 'hooks' }],
    });
    await push(`${repository}:b`);
    expect(sink.requests).toHaveLength(1);
    sink.script = () => ({});
    const resumed = await act('resume');
    expect(resumed.status).toBe(200);
    expect(JSON.parse(resumed.body)).toMatchObject({ name: 'hooks', disabled: null });
    await until('both to be accepted', async () => (await shown()).lag === 0);
    expect(sink.requests.map((request) => changeIn(request).tag).sort()).toEqual(['a', 'a', 'b']);
  });

  it('pauses a target and goes on', async () => {
    const sink = await world.sink();
    const { push, shown, act } = await world.gateway([webhookOf(sink)]);
    expect(JSON.parse((await act('pause')).body)).toMatchObject({ state: 'paused' });
    await push(`${repository}:a`);
    await until('the change to wait', async () => (await shown()).waiting === 1);
    expect(sink.requests).toHaveLength(0);
    await act('resume');
    expect(await sink.received(1)).toHaveLength(1);
  });

  it('skips what waits', async () => {
    const sink = await world.sink(() => ({ status: 500 }));
    const { push, shown, act } = await world.gateway([webhookOf(sink)]);
    await push(`${repository}:a`);
    await until('it to be retrying', async () => (await shown()).counts.retried !== undefined);
    expect((await act('skip')).status).toBe(200);
    await until('the position to rise', async () => (await shown()).lag === 0);
    sink.script = () => ({});
    await push(`${repository}:b`);
    await until('the next one to be accepted', async () => (await shown()).counts.accepted === 1);
    expect(changeIn(sink.requests.at(-1) ?? never()).tag).toBe('b');
  });

  it('replays changes, with new ids', async () => {
    const sink = await world.sink();
    const { push, shown, act } = await world.gateway([webhookOf(sink)]);
    for (const tag of ['a', 'b', 'c']) await push(`${repository}:${tag}`);
    await until('all to be accepted', async () => (await shown()).lag === 0);
    const { position } = await shown();
    const after = position.replace(/-3$/, '-1');
    expect((await act('replay', { after })).status).toBe(200);
    const requests = await sink.received(5);
    expect(
      requests
        .slice(3)
        .map((request) => changeIn(request).tag)
        .sort(),
    ).toEqual(['b', 'c']);
    expect(new Set(requests.map(({ headers }) => headers['webhook-id'])).size).toBe(5);
    expect((await act('replay', { since: '2020-01-01T00:00:00Z' })).status).toBe(200);
    expect(await sink.received(8)).toHaveLength(8);
  });

  it.each([
    [{}, /must have one of after and since/],
    [{ after: 'x' }, /after: must be a position/],
    [{ since: 'soon' }, /since: must be a time of RFC 3339/],
    [{ after: 7 }, /after: 7: must be a string/],
    [{ before: 'x' }, /before: unknown member/],
  ])('is refused the replay %j', async (body, message) => {
    const { act } = await world.gateway([webhookOf(await world.sink())]);
    const refused = await act('replay', body);
    expect(refused).toMatchObject({ status: 400, body: expect.stringMatching(message) });
  });

  it('is refused a replay that would give up what waits', async () => {
    const sink = await world.sink();
    const { push, shown, act } = await world.gateway([webhookOf(sink)]);
    await push(`${repository}:a`);
    await until('it to be accepted', async () => (await shown()).lag === 0);
    sink.script = () => ({ status: 500 });
    await push(`${repository}:b`);
    const { position } = await shown();
    for (const [parameter, value] of [
      ['after', position.replace(/-1$/, '-2')],
      ['since', new Date().toISOString()],
    ] as const)
      expect(await act('replay', { [parameter]: value })).toMatchObject({
        status: 400,
        body: expect.stringContaining(`hooks: ${parameter}: the target is at ${position}, before that`),
      });
    const future = new Date(Date.now() + 3_600_000).toISOString();
    expect(await act('replay', { since: future })).toMatchObject({
      status: 400,
      body: expect.stringContaining('must not be in the future'),
    });
    expect((await shown()).counts.skipped).toBeUndefined();
  });

  it('is refused a replay of what the ledger does not have', async () => {
    const { act } = await world.gateway([webhookOf(await world.sink())]);
    expect(await act('replay', { after: 'zzzzzzzz-1' })).toMatchObject({
      status: 410,
      body: expect.stringMatching(/POSITION_GONE/),
    });
  });

  it('sends a marked test, and sees what came back', async () => {
    const sink = await world.sink(() => ({ status: 503, body: `no ${webhookSecret} for /hook/of/team` }));
    const { act, push, shown } = await world.gateway([webhookOf(sink)]);
    const answer = await act('test');
    expect(answer.status).toBe(200);
    const { request, verdict } = JSON.parse(answer.body);
    expect(verdict).toEqual({ kind: 'retry', why: 'status 503: no *** for ***' });
    expect(request).toContain(`POST http://127.0.0.1:${sink.port}***\n`);
    expect(JSON.parse(sink.requests[0]?.body ?? '')).toMatchObject({ type: 'test' });
    // A test is no delivery.
    expect((await shown()).counts).toEqual({});
    sink.script = () => ({});
    await push(`${repository}:a`);
    const other = await act('test', { reference: `${repository}:a` });
    expect(JSON.parse(other.body).verdict).toEqual({ kind: 'accepted' });
    expect(changeIn(sink.requests.at(-1) ?? never())).toMatchObject({ repository: 'team/app', tag: 'a' });
  });

  it('sends one test at a time', async () => {
    const gate = Promise.withResolvers<void>();
    const sink = await world.sink(() => ({ after: gate.promise }));
    const { act } = await world.gateway([webhookOf(sink)]);
    const first = act('test');
    await sink.received(1);
    expect(await act('test')).toMatchObject({
      ...{
        status: 429,
        body: expect.stringMatching(/test target: hooks: a test is under way: must end first/),
      },
    });
    expect((await act('test', { dryRun: true })).status).toBe(200);
    gate.resolve();
    expect((await first).status).toBe(200);
    expect((await act('test')).status).toBe(200);
    expect(sink.requests).toHaveLength(2);
  });

  it('sends no test while the tool allows no event, and a test counts as one', async () => {
    const rate = { 'webhook-allowed-origin': '*', 'webhook-allowed-rate': '1' };
    const sink = await world.sink(({ method }) => (method === 'OPTIONS' ? { headers: rate } : {}));
    const { act, push, shown } = await world.gateway([
      { name: 'hooks', kind: 'cloudevents', url: `${sink.url}/events` },
    ]);
    expect(JSON.parse((await act('test')).body).verdict).toEqual({ kind: 'accepted' });
    const early = await act('test');
    expect(early).toMatchObject({
      status: 429,
      body: expect.stringMatching(/allows no further event now \(WebHook-Allowed-Rate\): try again in \d+ s/),
    });
    await push(`${repository}:a`);
    await until('the change to wait', async () => (await shown()).state === 'holding');
    expect(sink.requests.filter(({ method }) => method === 'POST')).toHaveLength(1);
  });

  it('sees what a test would send', async () => {
    const sink = await world.sink();
    const { act } = await world.gateway([webhookOf(sink)]);
    const { request, verdict } = JSON.parse((await act('test', { dryRun: true })).body);
    expect(verdict).toBeNull();
    expect(request).toContain('webhook-signature: v1,');
    expect(sink.requests).toHaveLength(0);
  });

  it('sees of which targets a test needs a reference', async () => {
    const sink = await world.sink();
    const keel = { name: 'keel', kind: 'keel', url: sink.url };
    const { act, shown } = await world.gateway([webhookOf(sink), keel]);
    expect([(await shown()).needsReference, (await shown('keel')).needsReference]).toEqual([false, true]);
    expect((await act('test', { dryRun: true }, 'keel')).status).toBe(400);
  });

  it('is told when there is no such target, tag or member', async () => {
    const { act } = await world.gateway([webhookOf(await world.sink())]);
    for (const action of ['test', 'pause', 'resume', 'skip', 'replay'])
      expect(await act(action, {}, 'other')).toMatchObject({
        status: 404,
        body: expect.stringMatching(/no such target/),
      });
    const unknown = await act('test', { reference: `${repository}:nope` });
    expect(unknown).toMatchObject({
      status: 400,
      body: expect.stringMatching(/must be a tag that the index knows/),
    });
    expect(await act('test', { refrence: 'x' })).toMatchObject({
      status: 400,
      body: expect.stringMatching(/refrence: unknown member/),
    });
  });

  it('must be one', async () => {
    const sha256 = 'a'.repeat(64);
    const access = [{ name: 'reader', sha256 }];
    const { act, gateway } = await world.gateway([webhookOf(await world.sink())], { access });
    for (const action of ['test', 'pause', 'resume', 'skip', 'replay'])
      expect(await act(action, {})).toMatchObject({ status: 401 });
    expect((await fetch(`${gateway.url}/v1/targets`)).status).toBe(401);
  });

  it('sees no secret anywhere', async () => {
    const sink = await world.sink((request) => ({
      status: 500,
      body: `${request.target} ${webhookSecret} ${Buffer.from(webhookSecret).toString('base64')} ${JSON.stringify(request.headers)}`,
    }));
    const hook = webhookOf(sink, { url: `${sink.url}/hook/verysecretpath?token=topsecrettoken` });
    const { push, shown, gateway, act } = await world.gateway([hook]);
    await push(`${repository}:a`);
    await until('it to fail', async () => (await shown()).lastFailure !== null);
    expect((await shown()).url).toBe(sink.url);
    const seen = [
      JSON.stringify(await shown()),
      gateway.logs(),
      await (await fetch(`${gateway.url}/metrics`)).text(),
      (await act('test')).body,
      (await act('test', { dryRun: true })).body,
      await (await fetch(`${gateway.url}/v1/subscribers`)).text(),
      await (await fetch(`${gateway.url}/v1/status`)).text(),
    ].join('\n');
    expect(seen).toContain('status 500');
    expect(seen).not.toMatch(/verysecretpath|topsecrettoken/);
    expect(seen).not.toContain(webhookSecret);
    expect(seen).not.toContain(Buffer.from(webhookSecret).toString('base64'));
  });
});

function never(): never {
  throw new Error('nothing came');
}
