import { describe, expect, it } from 'vitest';
import { judge, renovateCe } from '../../../../src/target/kinds/renovate-ce.ts';
import { answer, delivery, resetDelivery, scriptedReach } from '../../../support/target-samples.ts';

const settings = {
  url: 'http://renovate:8080',
  token: 'mend',
  gitRepositories: ['org/infra', 'group/sub/app'],
};

describe('renovate-ce', () => {
  it('is asked for a job of each git repository', async () => {
    const reach = scriptedReach(answer(201, '{"jobId":"1"}'), answer(200));
    expect(await renovateCe.deliver(delivery(), settings, reach)).toEqual({ kind: 'accepted' });
    expect(reach.sent).toEqual([
      {
        ...{ method: 'POST', url: 'http://renovate:8080/api/v1/repos/org/infra/-/jobs/run', body: null },
        headers: { authorization: 'Bearer mend' },
      },
      expect.objectContaining({ url: 'http://renovate:8080/api/v1/repos/group/sub/app/-/jobs/run' }),
    ]);
  });

  it('succeeds only with all of them', async () => {
    const reach = scriptedReach(answer(201), answer(503));
    expect(await renovateCe.deliver(delivery(), settings, reach)).toMatchObject({ kind: 'retry' });
    const unknown = scriptedReach(answer(404, '{"reason":"no such repository"}'), answer(201));
    expect(await renovateCe.deliver(delivery(), settings, unknown)).toMatchObject({ kind: 'refused' });
    expect(unknown.sent).toHaveLength(2);
  });

  it('has a job of each after a reset too', async () => {
    const reach = scriptedReach(answer(200));
    expect(await renovateCe.reset?.(resetDelivery(), settings, reach)).toEqual({ kind: 'accepted' });
    expect(reach.sent).toHaveLength(2);
  });

  it.each([
    [200, 'accepted'],
    [201, 'accepted'],
    [202, 'retry'],
    [400, 'refused'],
    [401, 'retry'],
    [403, 'retry'],
    [404, 'refused'],
    [500, 'retry'],
  ])('is judged by status %i: %s', (status, kind) => {
    expect(judge(answer(status), 0).kind).toBe(kind);
  });

  it.each([[[]], [['infra']], [['org/../x?y']], [['org/..']], [['org//a']], [['./a']], [['org/re po']]])(
    'refuses the git repositories %j',
    (names) => {
      expect(renovateCe.members.safeParse({ ...settings, gitRepositories: names }).success).toBe(false);
    },
  );

  it('shows a request for each', () => {
    expect(renovateCe.describe(delivery(), settings).match(/^POST /gm)).toHaveLength(2);
  });
});
