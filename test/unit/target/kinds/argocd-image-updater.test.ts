import { HTTP } from 'cloudevents';
import { describe, expect, it } from 'vitest';
import { argocdImageUpdater, judge, request } from '../../../../src/target/kinds/argocd-image-updater.ts';
import { answer, delivery, resetDelivery, scriptedReach } from '../../../support/target-samples.ts';

const settings = { url: 'https://updater:8080', secret: 'shh' };

describe('argocd-image-updater', () => {
  it('gets a CloudEvent with a type and a name that it takes', () => {
    const sent = request(delivery(), settings);
    expect(sent).toMatchObject({ method: 'POST', url: 'https://updater:8080/webhook?type=cloudevents' });
    expect(sent.headers['x-webhook-secret']).toBe('shh');
    expect(HTTP.toEvent({ headers: sent.headers, body: sent.body })).toMatchObject({
      type: expect.stringMatching(/image|container/),
      data: { registry: 'docker.io', repository: 'nginx', tag: '1.27', digest: `sha256:${'a'.repeat(64)}` },
    });
  });

  it('gets a tag for a manifest without one too', () => {
    const { body } = request(delivery({ type: 'manifest.pushed', tag: null, digest: null }), settings);
    expect(JSON.parse(body ?? '').data).toMatchObject({ tag: 'latest', digest: '' });
  });

  it('gets an event for each repository after a reset', async () => {
    const repositories = [
      { registry: 'docker.io', repository: 'library/nginx' },
      { registry: 'ghcr.io', repository: 'team/app' },
    ];
    const reach = scriptedReach(answer(200));
    const verdict = await argocdImageUpdater.reset?.(resetDelivery(repositories), settings, reach);
    expect(verdict).toEqual({ kind: 'accepted' });
    const events = reach.sent.map(({ body }) => JSON.parse(body ?? ''));
    expect(events.map(({ data }) => data)).toEqual([
      { registry: 'docker.io', repository: 'nginx', tag: 'latest', digest: '' },
      { registry: 'ghcr.io', repository: 'team/app', tag: 'latest', digest: '' },
    ]);
    expect(new Set(events.map(({ id }) => id)).size).toBe(2);
    expect(events[0].time).toBe('2026-06-01T09:00:00.000Z');
    const failing = scriptedReach(answer(200), answer(500));
    expect(await argocdImageUpdater.reset?.(resetDelivery(repositories), settings, failing)).toMatchObject({
      kind: 'retry',
    });
    expect(await argocdImageUpdater.reset?.(resetDelivery(), settings, reach)).toMatchObject({
      kind: 'ignored',
    });
  });

  it.each([
    [200, 'accepted'],
    [204, 'retry'],
    [400, 'refused'],
    [404, 'retry'],
    [410, 'stop'],
    [413, 'refused'],
    [500, 'retry'],
  ])('is judged by status %i: %s', (status, kind) => {
    expect(judge(answer(status), 0).kind).toBe(kind);
  });
});
