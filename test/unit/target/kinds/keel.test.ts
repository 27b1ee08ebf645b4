import { describe, expect, it } from 'vitest';
import { judge, keel, request } from '../../../../src/target/kinds/keel.ts';
import { answer, delivery, scriptedReach } from '../../../support/target-samples.ts';

const url = 'http://keel:9300';

describe('keel', () => {
  it.each([
    ['docker.io', 'library/nginx', 'nginx'],
    ['docker.io', 'someone/app', 'someone/app'],
    ['ghcr.io', 'a/b', 'ghcr.io/a/b'],
    ['host:5000', 'a', 'host:5000/a'],
  ])('is told of %s/%s as %s', (registry, repository, name) => {
    const sent = request(delivery({ registry, repository }), { url });
    expect(sent).toMatchObject({ method: 'POST', url: `${url}/v1/webhooks/native` });
    expect(JSON.parse(sent.body ?? '')).toEqual({ name, tag: '1.27', digest: `sha256:${'a'.repeat(64)}` });
    expect(JSON.parse(request(delivery({ digest: null }), { url }).body ?? '')).not.toHaveProperty('digest');
  });

  it('is asked with the proof that it wants', () => {
    expect(request(delivery(), { url, token: 't' }).headers.authorization).toBe('Bearer t');
    const { authorization } = request(delivery(), { url, username: 'u', password: 'p' }).headers;
    expect(authorization).toBe(`Basic ${Buffer.from('u:p').toString('base64')}`);
  });

  it.each([
    [{ url, username: 'u' }, ['password']],
    [{ url, password: 'p' }, ['username']],
    [{ url, username: 'u', password: 'p', token: 't' }, ['token']],
    [{ url, token: 't' }, []],
  ])('has at most one proof: %j: %j', (settings, keys) => {
    expect(keel.faults?.(settings).map(({ key }) => key)).toEqual(keys);
  });

  it('is not told of a manifest without a tag', async () => {
    const reach = scriptedReach();
    const bare = delivery({ type: 'manifest.pushed', tag: null });
    expect(await keel.deliver(bare, { url }, reach)).toMatchObject({ kind: 'ignored' });
    expect(reach.sent).toEqual([]);
  });

  it('repeats nothing: each change is alone, and neither a replay nor a reset sends any', () => {
    expect(keel).toMatchObject({ replays: false, needsReference: true, defaults: { coalesceMs: null } });
    expect(keel.reset).toBeUndefined();
  });

  it.each([
    [200, 'accepted'],
    [202, 'retry'],
    [400, 'refused'],
    [401, 'retry'],
    [404, 'retry'],
    [500, 'retry'],
  ])('is judged by status %i: %s', (status, kind) => {
    expect(judge(answer(status), 0).kind).toBe(kind);
  });
});
