import { Webhook } from 'standardwebhooks';
import { afterEach, describe, expect, it } from 'vitest';
import type { SinkReply } from '../../support/sink-server.ts';
import { changeIn, TargetWorld, webhookOf, webhookSecret } from '../../support/target-gateway.ts';
import { until } from '../../support/until.ts';

const world = new TargetWorld();

afterEach(() => world.end());

const repository = 'registry.example.com/team/app';

describe('a target', () => {
  it('gets each change that matches, signed, in order', async () => {
    const sink = await world.sink();
    const { push, gateway } = await world.gateway([
      webhookOf(sink, { repository: [repository], tag: ['1.*'] }),
    ]);
    for (const tag of ['1.0', 'latest', '1.0', '1.1']) await push(`${repository}:${tag}`);
    await push('registry.example.com/team/other:1.0');
    const requests = await sink.received(3);
    await until(
      'all to be accepted',
      async () => (await gateway.metric(/^manifeed_target_deliveries_total.*accepted/)) === 3,
    );
    const tags = requests.map((request) => changeIn(request).tag);
    expect([...tags].sort()).toEqual(['1.0', '1.0', '1.1']);
    const own = requests.map(changeIn).filter(({ tag }) => tag === '1.0');
    expect(own.map(({ position }) => position.split('-')[1])).toEqual(['1', '3']);
    for (const { body, headers, target } of requests) {
      expect(target).toBe('/hook/of/team');
      const signed = Object.fromEntries(
        Object.entries(headers).map(([name, value]) => [name, String(value)]),
      );
      expect(new Webhook(webhookSecret).verify(body, signed)).toMatchObject({
        data: { repository: 'team/app' },
      });
      expect(headers['webhook-id']).toBe(changeIn({ body, headers, target, method: 'POST' }).position);
    }
  });

  it('that is new begins at the head', async () => {
    const sink = await world.sink();
    const { shown, push } = await world.gateway([webhookOf(sink)]);
    await until('the target to be served', async () => (await shown()).state === 'idle');
    await push(`${repository}:a`);
    expect(changeIn((await sink.received(1))[0] ?? never()).tag).toBe('a');
    await until('the position to rise', async () => (await shown()).lag === 0);
    expect((await shown()).position).toMatch(/-1$/);
  });

  it.each<[string, SinkReply, RegExp]>([
    ['status 500', { status: 500, body: '<h1>Oops</h1>' }, /^status 500: <h1>Oops<\/h1>$/],
    [
      'a redirect',
      { status: 302, headers: { location: 'http://127.0.0.1:1/' } },
      /^status 302: redirects are not followed/,
    ],
    ['a cut connection', { cut: 'before' }, /no answer \(/],
    ['a connection cut midway', { cut: 'midway' }, /no answer \(/],
    ['no answer in time', { hang: true }, /^no answer within 3000 ms$/],
    ['an answer that never ends', { drip: true }, /^no answer within 3000 ms$/],
  ])('is tried again after %s, with the same id', async (_what, reply, why) => {
    const sink = await world.sink((_request, number) => (number <= 2 ? reply : {}));
    // Only where it is to end, and not short: on a busy machine, an answer that comes takes long too.
    const ends = 'hang' in reply || 'drip' in reply;
    const { push, shown } = await world.gateway([webhookOf(sink, ends ? { timeout: '3s' } : {})]);
    await push(`${repository}:a`);
    const requests = await sink.received(3);
    expect(new Set(requests.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
    expect(new Set(requests.map(({ body }) => body)).size).toBe(1);
    await until('the position to rise', async () => (await shown()).lag === 0);
    const { counts, lastFailure, lastSuccess } = await shown();
    expect(counts).toEqual({ retried: 2, accepted: 1 });
    expect(lastFailure?.result).toBe('retried');
    expect(lastFailure?.why).toMatch(why);
    expect(lastSuccess).not.toBeNull();
  });

  it('takes an answer of 100 MB for what its head says', async () => {
    const sink = await world.sink(() => ({ bytes: 100 * 1024 * 1024 }));
    const { push, shown } = await world.gateway([webhookOf(sink)]);
    await push(`${repository}:a`);
    await until('it to be accepted', async () => (await shown()).counts.accepted === 1);
    expect(sink.written).toBeLessThan(20 * 1024 * 1024);
  });

  it('shows when it is tried again, and waits as long as the tool asks', async () => {
    const sink = await world.sink(() => ({ status: 429, headers: { 'retry-after': '600' } }));
    const { push, shown } = await world.gateway([webhookOf(sink)]);
    await push(`${repository}:a`);
    await until('it to be retrying', async () => (await shown()).state === 'retrying');
    const { retryAt, waiting, lag } = await shown();
    expect(Date.parse(retryAt ?? '') - Date.now()).toBeGreaterThan(590_000);
    expect({ waiting, lag }).toEqual({ waiting: 1, lag: 1 });
  });

  it('holds up only the tag that fails', async () => {
    const sink = await world.sink((request) => (changeIn(request).tag === 'bad' ? { status: 500 } : {}));
    const { push, shown } = await world.gateway([webhookOf(sink)]);
    for (const tag of ['bad', 'good', 'bad', 'good']) await push(`${repository}:${tag}`);
    await until('the good ones to be accepted', async () => (await shown()).counts.accepted === 2);
    expect((await shown()).position).toMatch(/-0$/);
    sink.script = () => ({});
    await until('the position to rise', async () => (await shown()).lag === 0);
    const bad = sink.requests.map(changeIn).filter(({ tag }) => tag === 'bad');
    expect(bad.at(-1)?.position).toMatch(/-3$/);
  });

  it('that hangs costs the others nothing', async () => {
    const hanging = await world.sink(() => ({ hang: true }));
    const sink = await world.sink();
    const { push } = await world.gateway([
      webhookOf(hanging, { name: 'slow', timeout: '1h' }),
      webhookOf(sink),
    ]);
    for (let at = 0; at < 20; at++) await push(`${repository}:t${at}`);
    expect(await sink.received(20)).toHaveLength(20);
    // No more than its `concurrency`.
    await hanging.received(4);
    expect(hanging.requests).toHaveLength(4);
  });

  it('takes a burst of 10,000 changes, and tells its tool of each', async () => {
    const sink = await world.sink();
    const { gateway, shown } = await world.gateway([webhookOf(sink, { concurrency: 64 })]);
    for (let page = 0; page < 10; page++)
      await gateway.publish(
        ...Array.from({ length: 1_000 }, (_, at) => ({
          reference: `${repository}:t${page}-${at}`,
          digest: `sha256:${'c'.repeat(64)}`,
        })),
      );
    await until('all to be accepted', async () => (await shown()).lag === 0, 60_000);
    expect(new Set(sink.requests.map((request) => changeIn(request).tag)).size).toBe(10_000);
    expect(sink.requests).toHaveLength(10_000);
  });

  it('with a least age is told of a change that stood, and of none that a delete followed', async () => {
    const sink = await world.sink();
    const types = ['tag.created', 'tag.updated'];
    const { push, remove, shown } = await world.gateway([webhookOf(sink, { minAge: '1s', types })]);
    await push(`${repository}:stays`);
    await push(`${repository}:goes`);
    await remove(`${repository}:goes`);
    await until('the position to rise', async () => (await shown()).lag === 0);
    expect(sink.requests.map((request) => changeIn(request).tag)).toEqual(['stays']);
    expect((await shown()).counts).toEqual({ overtaken: 1, accepted: 1 });
  });

  it('goes on after a graceful end where it was', async () => {
    const sink = await world.sink();
    const settings = { ledger: 'memory' };
    const { push, gateway, shown } = await world.gateway([webhookOf(sink)], settings);
    const release = Promise.withResolvers<void>();
    sink.script = () => ({ after: release.promise });
    await push(`${repository}:a`);
    await sink.received(1);
    const closing = gateway.close();
    release.resolve();
    await closing;
    expect(sink.requests).toHaveLength(1);
    await expect(shown()).rejects.toThrow();
  });
});

function never(): never {
  throw new Error('nothing came');
}
