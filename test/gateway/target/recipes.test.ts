/** Each recipe of docs/targets.md, from its text to the request that its tool gets. */
import { afterEach, describe, expect, it } from 'vitest';
import { filterOfTarget } from '../../../src/config/targets.ts';
import { kindOf } from '../../../src/target/kinds.ts';
import { load } from '../../support/config.ts';
import { type RecipeFact, recipeFacts } from '../../support/recipe-facts.ts';
import type { SinkRequest } from '../../support/sink-server.ts';
import { TargetWorld } from '../../support/target-gateway.ts';
import { recipeEnvironment, recipeOf, recipes, targetOfRecipe } from '../../support/target-recipes.ts';
import { answer, delivery, scriptedReach } from '../../support/target-samples.ts';
import { until } from '../../support/until.ts';

const world = new TargetWorld();

afterEach(() => world.end());

/** Those that send no HTTP request: a dry run shows what they would do. */
const local = ['Diun', 'Copacetic', 'Renovate CLI', 'A script', 'E-mail'];

/** The target as the document has it, with its variables. */
function configured(title: string) {
  const [target, ...more] = load(recipeOf(title).yaml, { env: recipeEnvironment }).targets;
  if (target === undefined || more.length > 0) throw new Error(`read recipe ${title}: must be one target`);
  return target;
}

/** JSON or a form; '' if there is none. */
function read({ body, headers }: SinkRequest): unknown {
  if (headers['content-type'] !== 'application/x-www-form-urlencoded')
    return body === '' ? '' : JSON.parse(body);
  return Object.fromEntries(new URLSearchParams(body));
}

describe('the recipes of docs/targets.md', () => {
  it('are all tried here', () => {
    const tried = [...recipeFacts.map(({ title }) => title), ...local];
    expect(recipes.map(({ title }) => title).sort()).toEqual(tried.sort());
  });

  it.each(recipes)('$title: says all that an operator must know', ({ subjects }) => {
    const all = ['Tool', 'Filter', 'Answers', 'Time', 'Secret', 'Twice', 'Check', 'Polled'];
    expect(subjects).toEqual(all);
  });

  it.each(recipes)('$title: is what a gateway accepts, and needs no more variables', ({ yaml }) => {
    const { targets } = load(yaml, { env: recipeEnvironment });
    expect(targets).toHaveLength(1);
    expect(targets[0]?.repository?.length).toBeGreaterThan(0);
  });

  it.each(recipeFacts)('$title: asks its tool what it must be asked', async (fact: RecipeFact) => {
    const sink = await world.sink(fact.reply ?? (() => ({})));
    const target = targetOfRecipe(recipeOf(fact.title), sink.url);
    const { push, shown } = await world.gateway([target]);
    await push(fact.reference);
    await until('it to be accepted', async () => (await shown(target.name)).counts.accepted === 1);
    const { requests } = sink;
    expect(requests.map(({ method, target: path }) => `${method} ${path}`)).toEqual(fact.gets);
    const last = requests.at(-1);
    if (last === undefined) throw new Error('read the last request: there is none');
    expect(last.headers).toMatchObject(fact.headers ?? {});
    expect(read(last)).toEqual(fact.body ?? '');
    fact.holds?.(last);
    expect(await shown(target.name)).toMatchObject({ url: sink.url, lag: 0, lastFailure: null });
  });

  it.each([
    ['Kargo', 400, '', 'refused'],
    ['Kargo', 404, '', 'retry'],
    ['Kargo', 413, '', 'refused'],
    ['Kargo', 500, '', 'retry'],
    ['Cup', 500, '', 'retry'],
    ['ntfy', 429, '', 'retry'],
    ['ntfy', 400, '', 'refused'],
    ['Slack', 400, 'invalid_payload', 'refused'],
    ['Slack', 403, 'action_prohibited', 'stop'],
    ['Slack', 404, 'no_service', 'stop'],
    ['Slack', 410, 'channel_is_archived', 'stop'],
    ['Slack', 429, '', 'retry'],
    ['Discord', 404, '{"code":10015}', 'stop'],
    ['Discord', 429, '{"retry_after":0.5}', 'retry'],
    ['Discord', 400, '{"code":50006}', 'refused'],
    ['Matrix', 403, '{"errcode":"M_FORBIDDEN"}', 'stop'],
    ['Matrix', 429, '{"retry_after_ms":500}', 'retry'],
    ['Mattermost', 400, '', 'refused'],
    ['Mattermost', 503, '', 'retry'],
    ['Home Assistant', 401, '401: Unauthorized', 'stop'],
    ['Home Assistant', 200, '<h1>Log in</h1>', 'retry'],
    ['Home Assistant', 400, '', 'refused'],
    ['Home Assistant', 502, '', 'retry'],
  ])('%s: knows what %i %s means', async (title, status, text, kind) => {
    const target = configured(title);
    const verdict = await kindOf(target).deliver(delivery(), target, scriptedReach(answer(status, text)));
    expect(verdict.kind).toBe(kind);
  });

  it('let no name be markup in a chat', async () => {
    expect(await bodyOf('Slack', '<!channel>')).toContain('&lt;!channel&gt;');
    for (const title of ['Discord', 'Mattermost'])
      expect(await bodyOf(title, '*b* @all')).toContain(String.raw`\\*b\\* \\@all`);
  });

  it.each([
    ['Diun', 'nginx:1.27', ['diun', 'serve', '--config', '/etc/diun/diun.yml'], 'NO_COLOR=***'],
    [
      'Copacetic',
      'registry.example.com/base/debian:12',
      [
        ...['copa', 'patch', '--image', 'registry.example.com/base/debian:12'],
        ...['--tag', '12-patched', '--push'],
      ],
      'MANIFEED_CHANGE_TAG=12',
    ],
    ['Renovate CLI', 'nginx:1.27', ['renovate', 'org/infra'], 'RENOVATE_TOKEN=***'],
    [
      'A script',
      'ghcr.io/team/web:latest',
      ['/usr/local/bin/update-web', 'ghcr.io/team/web:latest'],
      'MANIFEED_CHANGE_REPOSITORY=team/web',
    ],
  ])('%s: runs its command', async (title, reference, command, variable) => {
    const request = await dryRun(title, reference);
    expect(request.split('\n')[0]).toBe(JSON.stringify(command));
    expect(request).toContain(`\n${variable}\n`);
    const { change, changes } = JSON.parse(request.split('\n\n')[1] ?? '');
    expect(changes).toEqual([change]);
  });

  it('E-mail: sends its mail', async () => {
    const request = await dryRun('E-mail', 'nginx:1.27');
    expect(request).toMatch(/^SMTP mail\.example\.com:587 \(starttls\)\n/);
    expect(request).toMatch(/\nto: ops@example\.com\nsubject: Test: nginx: 1\.27 updated\n/);
    expect(request).not.toContain('mail-password');
  });

  it('Diun: a run whose lookups failed is a failure', async () => {
    const target = configured('Diun');
    const outputOf = (failed: number) =>
      `INF Jobs completed added=0 failed=${failed} skipped=0 unchanged=3 updated=0`;
    for (const [failed, kind] of [[0, 'accepted'] as const, [12, 'retry'] as const]) {
      const run = async () => ({ code: 0, signal: null, output: outputOf(failed), shown: '' });
      const reach = { ...scriptedReach(), run };
      expect((await kindOf(target).deliver(delivery(), target, reach)).kind).toBe(kind);
    }
  });

  it('Copacetic: does not patch what it has pushed', () => {
    const { matchesTag } = filterOfTarget(configured('Copacetic'), 'docker.io');
    expect(['12', 'latest', '12-patched', 'latest-patched'].filter(matchesTag)).toEqual(['12', 'latest']);
  });
});

/** The body for a change whose tag has this in it, as no registry would allow. */
async function bodyOf(title: string, odd: string): Promise<string> {
  const target = configured(title);
  const reach = scriptedReach(answer(200));
  await kindOf(target).deliver(delivery({ tag: `1${odd}` }), target, reach);
  return reach.sent[0]?.body ?? '';
}

/** What a test would send. The target is paused, so that nothing else is. */
async function dryRun(title: string, reference: string): Promise<string> {
  const { name, ...target } = targetOfRecipe(recipeOf(title), '');
  const { push, act } = await world.gateway([{ name, ...target }]);
  expect((await act('pause', undefined, name)).status).toBe(200);
  await push(reference);
  const answered = await act('test', { reference, dryRun: true }, name);
  const { request, verdict } = JSON.parse(answered.body);
  expect(verdict).toBeNull();
  return request;
}
