import { describe, expect, it } from 'vitest';
import { github, judge, request } from '../../../../src/target/kinds/github.ts';
import { answer, delivery, wireChange } from '../../../support/target-samples.ts';

const settings = { url: 'https://api.github.com', token: 'ghp', project: 'acme/deploy' };
const now = Date.UTC(2026, 5, 1);

/** As many changes of as many tags. */
function many(count: number) {
  const change = wireChange({ tag: 'newest' });
  const others = Array.from({ length: count - 1 }, (_, at) =>
    wireChange({ tag: `${at}-${'t'.repeat(100)}` }),
  );
  const [first = change] = others;
  return delivery({ tag: 'newest' }, { changes: [first, ...others.slice(1), change] });
}

describe('github', () => {
  it('gets a repository_dispatch with the changes', () => {
    const { method, url, headers, body } = request(delivery(), settings);
    expect({ method, url }).toEqual({
      ...{ method: 'POST', url: 'https://api.github.com/repos/acme/deploy/dispatches' },
    });
    expect(headers).toMatchObject({ authorization: 'Bearer ghp', accept: 'application/vnd.github+json' });
    expect(JSON.parse(body ?? '')).toEqual({
      event_type: 'manifeed',
      client_payload: { change: wireChange(), changes: [wireChange()], test: false },
    });
  });

  it('gets a workflow_dispatch with the same as an input, if there is a workflow', () => {
    const { url, body } = request(delivery({}, { kind: 'test' }), { ...settings, workflow: 'update.yml' });
    expect(url).toBe('https://api.github.com/repos/acme/deploy/actions/workflows/update.yml/dispatches');
    const { ref, inputs } = JSON.parse(body ?? '');
    expect({ ref, inputs: Object.keys(inputs) }).toEqual({ ref: 'main', inputs: ['payload'] });
    expect(JSON.parse(inputs.payload)).toMatchObject({ change: wireChange(), test: true });
  });

  it.each([{}, { workflow: 'w.yml' }])(
    'stays below 64 KB with 1,000 changes, and keeps the newest: %j',
    (more) => {
      const body = request(many(1_000), { ...settings, ...more }).body ?? '';
      expect(Buffer.byteLength(body)).toBeLessThan(64_000);
      const sent = JSON.parse(body);
      const { change, changes } = sent.client_payload ?? JSON.parse(sent.inputs.payload);
      expect(change.tag).toBe('newest');
      expect(changes.at(-1).tag).toBe('newest');
      expect(changes.length).toBeGreaterThan(10);
    },
  );

  it.each([
    [answer(204), 'accepted'],
    [answer(200, '{"workflow_run_id":1}'), 'accepted'],
    [answer(401), 'retry'],
    [answer(404), 'retry'],
    [answer(410), 'stop'],
    [answer(422), 'refused'],
    [answer(500), 'retry'],
  ])('is judged: %j: %s', (given, kind) => {
    expect(judge(given, now).kind).toBe(kind);
  });

  it.each([
    [403, { 'retry-after': '7' }, 7_000],
    [429, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(now / 1000 + 90) }, 90_000],
    [403, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(now / 1000 - 90) }, 0],
    [403, { 'x-ratelimit-remaining': '12', 'x-ratelimit-reset': String(now / 1000 + 90) }, 60_000],
    [429, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': 'soon' }, 60_000],
    [429, {}, 60_000],
    [500, {}, undefined],
  ])('is left alone after %i %j for %s ms', (status, headers, afterMs) => {
    const verdict = judge(answer(status, '', headers as Record<string, string>), now);
    expect(verdict).toMatchObject({ kind: 'retry', ...(afterMs === undefined ? {} : { afterMs }) });
    if (afterMs === undefined) expect(verdict).not.toHaveProperty('afterMs');
  });

  it.each([
    ...['deploy', 'acme/', '/deploy', 'acme//deploy', 'acme/..', '../deploy', './deploy', 'a/b/c'],
    ...['acme/de ploy', 'acme/deploy?x', `a/${'b'.repeat(511)}`],
  ])('refuses the project %j, which is no repository', (project) => {
    expect(github.members.safeParse({ ...settings, project }).error?.issues).toMatchObject([
      {
        path: ['project'],
        message: 'must be owner/repo, and no part may be empty, "." or ".."',
      },
    ]);
  });

  it.each(['acme/.github', 'acme/..a', 'a-b/c_d.e', 'acme/a..'])('takes the project %j', (project) => {
    expect(github.members.safeParse({ ...settings, project }).success).toBe(true);
  });

  it.each([['..'], ['.']])('refuses the workflow %j', (workflow) => {
    expect(github.members.safeParse({ ...settings, workflow }).success).toBe(false);
  });

  it.each([
    [{ workflow: 'w.yml', event: 'e' }, ['event']],
    [{ ref: 'main' }, ['ref']],
    [{ workflow: 'w.yml', ref: 'main' }, []],
    [{ event: 'e' }, []],
  ])('has the members of one way: %j: faults %j', (more, keys) => {
    expect(github.faults?.({ ...settings, ...more }).map(({ key }) => key)).toEqual(keys);
  });

  it('repeats nothing', () => {
    expect(github).toMatchObject({ replays: false, needsReference: true });
    expect(github.reset).toBeUndefined();
  });
});
