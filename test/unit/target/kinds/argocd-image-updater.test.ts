import { HTTP } from 'cloudevents';
import { describe, expect, it } from 'vitest';
import { judge, request } from '../../../../src/target/kinds/argocd-image-updater.ts';
import { answer, delivery } from '../../../support/target-samples.ts';

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
