import { describe, expect, it } from 'vitest';
import { judge, request, watchtower } from '../../../../src/target/kinds/watchtower.ts';
import { answer, delivery, resetDelivery, scriptedReach } from '../../../support/target-samples.ts';

const settings = { url: 'http://watchtower:8080/', token: 'wt', wait: false };

describe('watchtower', () => {
  it('is asked to update the image in every spelling, in the background', () => {
    const { method, url, headers, body } = request(delivery(), settings);
    const { origin, pathname, searchParams } = new URL(url);
    expect({ method, origin, pathname, body }).toEqual({
      ...{ method: 'POST', origin: 'http://watchtower:8080', pathname: '/v1/update', body: null },
    });
    expect(searchParams.get('image')?.split(',')).toEqual(
      expect.arrayContaining(['nginx', 'library/nginx', 'docker.io/library/nginx', 'index.docker.io/nginx']),
    );
    expect(searchParams.get('image')).not.toContain(':');
    expect(searchParams.get('async')).toBe('true');
    expect(headers).toEqual({ authorization: 'Bearer wt' });
  });

  it('names an image at a port so that 1.7 knows it too', () => {
    const { url } = request(delivery({ registry: 'host:5000', repository: 'a/b' }), settings);
    expect(new URL(url).searchParams.get('image')).toBe('host:5000/a/b,host');
  });

  it('can be waited for', () => {
    expect(new URL(request(delivery(), { ...settings, wait: true }).url).searchParams.has('async')).toBe(
      false,
    );
  });

  const summary = (scanned: number, failed: number) =>
    JSON.stringify({ summary: { scanned, updated: 0, failed, restarted: 0, skipped: 0 } });

  it.each([
    [answer(200), 'accepted'],
    [answer(202), 'accepted'],
    [answer(200, summary(1, 0)), 'accepted'],
    [answer(200, summary(0, 0)), 'ignored'],
    [answer(200, summary(2, 1)), 'retry'],
    [answer(200, '<html>'), 'accepted'],
    [answer(302), 'retry'],
    [answer(400), 'refused'],
    [answer(401), 'retry'],
    [answer(405), 'retry'],
    [answer(408), 'retry'],
    [answer(429), 'retry'],
    [answer(500), 'retry'],
    [answer(503), 'retry'],
  ])('is judged: %j: %s', (given, kind) => {
    expect(judge(given, 0).kind).toBe(kind);
  });

  it('is asked after a reset to update all that the target is about, some in each request', async () => {
    const repositories = Array.from({ length: 45 }, (_, at) => ({
      ...{ registry: 'ghcr.io', repository: `team/app${at}` },
    }));
    const reach = scriptedReach(answer(202));
    expect(await watchtower.reset?.(resetDelivery(repositories), settings, reach)).toEqual({
      kind: 'accepted',
    });
    const images = reach.sent.map(({ url }) => new URL(url).searchParams.get('image')?.split(',') ?? []);
    expect(images.map(({ length }) => length)).toEqual([20, 20, 5]);
    expect(images.flat()).toEqual(repositories.map(({ repository }) => `ghcr.io/${repository}`));
    const hub = scriptedReach(answer(503));
    const nginx = [{ registry: 'docker.io', repository: 'library/nginx' }];
    expect(await watchtower.reset?.(resetDelivery(nginx), settings, hub)).toMatchObject({ kind: 'retry' });
    expect(hub.sent).toEqual([request(delivery(), settings)]);
  });

  it('is asked nothing after a reset without a repository: it would update all containers', async () => {
    const reach = scriptedReach(answer(202));
    expect(await watchtower.reset?.(resetDelivery(), settings, reach)).toMatchObject({ kind: 'ignored' });
    expect(reach.sent).toEqual([]);
  });
});
