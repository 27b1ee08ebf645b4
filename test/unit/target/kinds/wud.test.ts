import { describe, expect, it } from 'vitest';
import { concerns, judgeWatch, wud } from '../../../../src/target/kinds/wud.ts';
import { answer, delivery, resetDelivery, scriptedReach } from '../../../support/target-samples.ts';

const settings = { url: 'http://wud:3000' };
const hub = 'https://registry-1.docker.io/v2';

interface Given {
  readonly id?: string;
  readonly url?: string;
  readonly name?: string;
  readonly tag?: string;
  readonly semver?: boolean;
  readonly error?: { readonly message: string };
}

/** A container as its API lists it. */
function container({
  id = 'c1',
  url = hub,
  name = 'library/nginx',
  tag = '1.27',
  semver,
  error,
}: Given = {}) {
  const image = { registry: { url }, name, tag: { value: tag, ...(semver === undefined ? {} : { semver }) } };
  return { id, image, ...(error === undefined ? {} : { error }) };
}

const json = (value: unknown) => answer(200, JSON.stringify(value));
const simple = json([{ id: 'smtp.a', configuration: { mode: 'simple' } }]);
const batch = json([
  { id: 'smtp.a', configuration: { mode: 'simple' } },
  { configuration: { mode: 'batch' } },
]);

describe('which containers wud is told to look at', () => {
  it.each<[string, Given, object, boolean]>([
    ['its own tag', {}, {}, true],
    ['another tag of a fixed one', { tag: 'latest', semver: false }, {}, false],
    ['another tag of a version', { tag: '1.26', semver: true }, {}, true],
    ['a manifest without tag', { tag: 'latest' }, { tag: null }, true],
    ['another repository', { name: 'library/redis' }, {}, false],
    ['another registry', { url: 'https://ghcr.io/v2' }, {}, false],
    ['a host', { url: 'https://ghcr.io/v2', name: 'a/b' }, { registry: 'ghcr.io', repository: 'a/b' }, true],
    ['a host without scheme', { url: 'h:5000/v2', name: 'a' }, { registry: 'h:5000', repository: 'a' }, true],
    [
      'a host behind the facade',
      { url: 'http://manifeed:8080/registry.example.com/v2', name: 'a' },
      { registry: 'registry.example.com', repository: 'a' },
      true,
    ],
    [
      'another host behind the facade',
      { url: 'http://manifeed:8080/registry.example.com/v2', name: 'a' },
      { registry: 'registry.example.co', repository: 'a' },
      false,
    ],
    ['Docker Hub behind the facade', { url: 'http://manifeed:8080/docker.io/v2' }, {}, true],
    ['no URL', { url: '' }, {}, false],
  ])('%s', (_what, given, change, isConcerned) => {
    expect(concerns(container(given), delivery(change))).toBe(isConcerned);
  });
});

describe('wud', () => {
  it('lists, and has each container of the image look', async () => {
    const all = [container(), container({ id: 'c/2', tag: '1.26', semver: true }), container({ name: 'x' })];
    const reach = scriptedReach(json(all), simple, json(container()), json(container()));
    const withUser = { ...settings, username: 'u', password: 'p' };
    expect(await wud.deliver(delivery(), withUser, reach)).toEqual({ kind: 'accepted' });
    expect(reach.sent.map(({ method, url }) => `${method} ${url}`)).toEqual([
      'GET http://wud:3000/api/containers',
      'GET http://wud:3000/api/triggers',
      'POST http://wud:3000/api/containers/c1/watch',
      'POST http://wud:3000/api/containers/c%2F2/watch',
    ]);
    for (const { headers } of reach.sent) expect(headers.authorization).toMatch(/^Basic /);
  });

  it('has all containers look if a trigger is of mode batch, and reads what became of those of the image', async () => {
    const other = container({ name: 'x', error: { message: 'not ours' } });
    const reach = scriptedReach(json([container()]), batch, json([container(), other]));
    expect(await wud.deliver(delivery(), settings, reach)).toEqual({ kind: 'accepted' });
    expect(reach.sent[2]).toMatchObject({ method: 'POST', url: 'http://wud:3000/api/containers/watch' });
    const failed = scriptedReach(
      json([container()]),
      batch,
      json([container({ error: { message: '429 from the registry' } })]),
    );
    expect(await wud.deliver(delivery(), settings, failed)).toEqual({
      ...{ kind: 'retry', why: 'look failed: 429 from the registry' },
    });
  });

  it('ignores an image of which there is no container', async () => {
    const reach = scriptedReach(json([container({ name: 'x' })]));
    expect(await wud.deliver(delivery(), settings, reach)).toMatchObject({ kind: 'ignored' });
    expect(reach.sent).toHaveLength(1);
  });

  it.each([
    ['the list', [answer(503)]],
    ['the list', [answer(200, '<html>')]],
    ['the list', [{ ...json([container()]), isWhole: false }]],
    ['the triggers', [json([container()]), answer(401)]],
    ['the triggers', [json([container()]), json({})]],
    ['the look at all', [json([container()]), batch, answer(500)]],
    ['one look', [json([container(), container({ id: 'c2' })]), simple, json(container()), answer(500)]],
  ])('is tried again if it does not answer %s', async (_what, answers) => {
    expect(await wud.deliver(delivery(), settings, scriptedReach(...answers))).toMatchObject({
      kind: 'retry',
    });
  });

  it.each([
    [json(container()), 'accepted'],
    [json(container({ error: { message: 'no such image' } })), 'retry'],
    [answer(200, 'hello'), 'retry'],
    [answer(404), 'ignored'],
    [answer(500), 'retry'],
  ])('judges one look: %j: %s', (given, kind) => {
    expect(judgeWatch(given, 0).kind).toBe(kind);
  });

  it('says that a look was answered by something else', () => {
    expect(judgeWatch(answer(200, 'hello'), 0)).toMatchObject({
      why: "no container of What's Up Docker: status 200: hello",
    });
  });

  it('has all look once after a reset', async () => {
    const reach = scriptedReach(json([container({ error: { message: 'x' } })]));
    expect(await wud.reset?.(resetDelivery(), settings, reach)).toEqual({ kind: 'accepted' });
    expect(await wud.reset?.(resetDelivery(), settings, scriptedReach(answer(500)))).toMatchObject({
      kind: 'retry',
    });
  });

  it('shows its requests', () => {
    expect(wud.describe(delivery(), { url: settings.url })).toBe(
      [
        'GET http://wud:3000/api/containers',
        'then, if there is a container of the image:\nGET http://wud:3000/api/triggers',
        'then, for each container of the image: POST http://wud:3000/api/containers/<id>/watch',
        'or, if a trigger has mode batch, once for all: POST http://wud:3000/api/containers/watch',
      ].join('\n\n'),
    );
  });
});
