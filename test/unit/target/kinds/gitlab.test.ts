import { describe, expect, it } from 'vitest';
import { gitlab, judge, request } from '../../../../src/target/kinds/gitlab.ts';
import { answer, delivery } from '../../../support/target-samples.ts';

const settings = { url: 'https://gitlab.com', token: 'glptt-1', project: 'group/app', ref: 'main' };

describe('gitlab', () => {
  it('gets a pipeline with the change in its variables', () => {
    const { method, url, headers, body } = request(delivery(), settings);
    expect({ method, url }).toEqual({
      ...{ method: 'POST', url: 'https://gitlab.com/api/v4/projects/group%2Fapp/trigger/pipeline' },
    });
    expect(headers['content-type']).toBe('application/x-www-form-urlencoded');
    expect(Object.fromEntries(new URLSearchParams(body ?? ''))).toMatchObject({
      ...{ token: 'glptt-1', ref: 'main' },
      'variables[MANIFEED_CHANGE_REGISTRY]': 'docker.io',
      'variables[MANIFEED_CHANGE_REPOSITORY]': 'library/nginx',
      'variables[MANIFEED_CHANGE_TAG]': '1.27',
      'variables[MANIFEED_CHANGE_COUNT]': '1',
    });
    expect(url).not.toContain('glptt');
  });

  it.each([
    [201, 'accepted'],
    [200, 'accepted'],
    [400, 'refused'],
    [403, 'retry'],
    [404, 'retry'],
    [410, 'stop'],
    [422, 'refused'],
    [429, 'retry'],
    [500, 'retry'],
  ])('is judged by status %i: %s', (status, kind) => {
    expect(judge(answer(status), 0).kind).toBe(kind);
  });

  it.each(['/app', 'group/', 'group//app', '..', 'group/../app', './app', 'group/ app'])(
    'refuses the project %j, which is none',
    (project) => {
      expect(gitlab.members.safeParse({ ...settings, project }).error?.issues).toMatchObject([
        { path: ['project'], message: expect.stringContaining('no part may be empty, "." or ".."') },
      ]);
    },
  );

  it.each(['42', 'app', 'group/sub/app', 'group/.hidden'])('takes the project %j', (project) => {
    expect(gitlab.members.safeParse({ ...settings, project }).success).toBe(true);
  });

  it('repeats nothing', () => {
    expect(gitlab).toMatchObject({ replays: false, needsReference: true });
    expect(gitlab.reset).toBeUndefined();
  });
});
