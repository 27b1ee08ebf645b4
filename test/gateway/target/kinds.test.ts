/** Each kind that speaks HTTP, from the configuration to the bytes that its tool gets. */
import { afterEach, describe, expect, it } from 'vitest';
import type { Settings } from '../../support/gateway.ts';
import type { SinkReply, SinkRequest } from '../../support/sink-server.ts';
import { TargetWorld } from '../../support/target-gateway.ts';
import { until } from '../../support/until.ts';

const world = new TargetWorld();

afterEach(() => world.end());

const repository = 'registry.example.com/team/app';
const token = 'hunter2';

/** A kind with its settings, what its tool answers to success, and the requests that it must get. */
interface Row {
  readonly kind: string;
  readonly more?: Settings;
  readonly path?: string;
  readonly reply?: (request: SinkRequest) => SinkReply;
  readonly gets: readonly string[];
}

const container = {
  id: 'c1',
  image: { registry: { url: 'https://registry.example.com/v2' }, name: 'team/app', tag: { value: '1.0' } },
};

const rows: readonly Row[] = [
  { kind: 'cloudevents', path: '/in', more: { token }, gets: ['OPTIONS /in', 'POST /in'] },
  {
    kind: 'watchtower',
    more: { token },
    gets: ['POST /v1/update?image=registry.example.com%2Fteam%2Fapp&async=true'],
  },
  { kind: 'flux', path: '/hook/0123', more: { secret: token }, gets: ['POST /hook/0123'] },
  { kind: 'argocd-image-updater', more: { secret: token }, gets: ['POST /webhook?type=cloudevents'] },
  { kind: 'keel', more: { username: 'u', password: token }, gets: ['POST /v1/webhooks/native'] },
  {
    kind: 'wud',
    reply: ({ target }) => {
      if (target === '/api/containers') return { body: JSON.stringify([container]) };
      return { body: target === '/api/triggers' ? '[]' : JSON.stringify(container) };
    },
    gets: ['GET /api/containers', 'GET /api/triggers', 'POST /api/containers/c1/watch'],
  },
  {
    kind: 'renovate-ce',
    more: { token, gitRepositories: ['org/infra'] },
    reply: () => ({ status: 201 }),
    gets: ['POST /api/v1/repos/org/infra/-/jobs/run'],
  },
  {
    kind: 'github',
    more: { token, project: 'acme/deploy' },
    reply: () => ({ status: 204 }),
    gets: ['POST /repos/acme/deploy/dispatches'],
  },
  {
    kind: 'gitlab',
    more: { token, project: '42' },
    reply: () => ({ status: 201 }),
    gets: ['POST /api/v4/projects/42/trigger/pipeline'],
  },
  {
    kind: 'http',
    path: `/topic/\${change.tag}`,
    more: { method: 'PUT', json: { text: `\${change.title}` }, headers: { 'x-key': token } },
    gets: ['PUT /topic/1.0'],
  },
  { kind: 'apprise', path: '/notify/team', gets: ['POST /notify/team'] },
];

/** A gateway with a target of this kind, and its tool. */
async function start({ kind, more = {}, path = '' }: Row, reply: (request: SinkRequest) => SinkReply) {
  const sink = await world.sink(reply);
  const coalesce = ['cloudevents', 'keel'].includes(kind) ? {} : { coalesce: '0s' };
  const target = { name: 'tool', kind, url: `${sink.url}${path}`, repository: [repository], ...more };
  return { sink, ...(await world.gateway([{ ...target, ...coalesce, timeout: '5s' }])) };
}

describe.each(rows)('the kind $kind', (row) => {
  it('tells its tool of a change', async () => {
    const { sink, push, shown } = await start(row, row.reply ?? (() => ({})));
    await push(`${repository}:1.0`);
    await until('it to be accepted', async () => (await shown('tool')).counts.accepted === 1);
    expect(sink.requests.map(({ method, target }) => `${method} ${target}`)).toEqual(row.gets);
    expect(await shown('tool')).toMatchObject({ url: sink.url, lag: 0, lastFailure: null });
  });

  it('tries again after what is no answer of its tool, and shows no secret', async () => {
    const bad: readonly SinkReply[] = [
      { status: 503, body: `<h1>${token}</h1>` },
      { status: 302, headers: { location: 'http://127.0.0.1:1/' } },
      { cut: 'midway' },
    ];
    let attempts = 0;
    const { sink, push, shown } = await start(row, (request) => {
      if (attempts === bad.length) return row.reply?.(request) ?? {};
      // The handshake of CloudEvents may answer anything.
      return request.method === 'OPTIONS' ? {} : (bad[attempts++] ?? {});
    });
    await push(`${repository}:1.0`);
    await until('it to be accepted', async () => (await shown('tool')).counts.accepted === 1);
    expect((await shown('tool')).counts).toEqual({ retried: 3, accepted: 1 });
    expect(sink.requests.length).toBe(3 * (row.kind === 'cloudevents' ? 2 : 1) + row.gets.length);
    expect(JSON.stringify(await shown('tool'))).not.toContain(token);
  });
});

it('shows no part of the value of a header, if its tool repeats only that', async () => {
  const sink = await world.sink(({ headers }) => {
    const [, key] = String(headers['x-key']).split(' ');
    return { status: 500, body: `${key} ${headers['x-made']} ${headers.cookie?.slice('sid='.length)}` };
  });
  const headers = {
    'x-key': 'Token ab12cd34ef',
    'x-made': `prefix-\${change.tag}`,
    cookie: 'sid=gh56ij78kl',
  };
  const target = { name: 'tool', kind: 'http', url: sink.url, headers, coalesce: '0s' };
  const { gateway, push, shown } = await world.gateway([target]);
  await push(`${repository}:1.0`);
  await until('it to fail', async () => (await shown('tool')).lastFailure !== null);
  expect((await shown('tool')).lastFailure?.why).toBe('status 500: *** prefix-1.0 ***');
  expect(gateway.logs()).not.toMatch(/ab12cd34ef|gh56ij78kl/);
});

it('hides what stands beside a placeholder in a header', async () => {
  const sink = await world.sink(({ headers }) => ({ status: 500, body: String(headers['x-made']) }));
  const headers = { 'x-made': `s3cret-prefix-\${change.tag}` };
  const target = { name: 'tool', kind: 'http', url: sink.url, headers, coalesce: '0s' };
  const { push, shown } = await world.gateway([target]);
  await push(`${repository}:1.0`);
  await until('it to fail', async () => (await shown('tool')).lastFailure !== null);
  expect((await shown('tool')).lastFailure?.why).toBe('status 500: ***1.0');
});
