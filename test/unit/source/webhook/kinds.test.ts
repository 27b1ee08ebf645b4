/** What the fixtures do not show: the odd things that registries send. */
import { describe, expect, test } from 'vitest';
import { digest, lines, read } from '../../../support/webhook-read.ts';

describe('distribution', () => {
  const event = (action: string, target: object, more: object = {}) => ({
    events: [
      {
        id: 'i',
        action,
        target: { repository: 'a/b', ...target },
        request: { host: 'r.test:5000' },
        ...more,
      },
    ],
  });

  test('tells deletes by tag, by digest and of a whole repository apart', () => {
    expect(lines(read('distribution', event('delete', { tag: '1' })))).toEqual([
      'tag-gone r.test:5000/a/b:1',
    ]);
    expect(lines(read('distribution', event('delete', { digest })))).toEqual([
      'manifest-gone r.test:5000/a/b@aaaa',
    ]);
    expect(lines(read('distribution', event('delete', {})))).toEqual(['repository-gone r.test:5000/a/b']);
    expect(lines(read('distribution', event('delete', { tag: '1', digest })))).toEqual([
      'tag-gone r.test:5000/a/b:1',
    ]);
  });

  test('takes an absent tag, an empty one and a digest in its place as untagged', () => {
    const url = 'http://r.test/v2/a/b/manifests/x';
    for (const target of [
      { digest, url },
      { digest, url, tag: '' },
      { tag: digest },
      { digest, tag: digest },
    ]) {
      expect(lines(read('distribution', event('push', target)))).toEqual(['manifest r.test:5000/a/b@aaaa']);
    }
  });

  test('tells manifests from blobs by tag, URL and media type, and takes the host from the URL if need be', () => {
    const blob = { digest, mediaType: 'application/vnd.docker.image.rootfs.diff.tar.gzip' };
    expect(lines(read('distribution', event('push', blob)))).toEqual(['ignored blob 1']);
    const index = { digest, mediaType: 'application/vnd.oci.image.index.v1+json' };
    expect(lines(read('distribution', event('push', index)))).toEqual(['manifest r.test:5000/a/b@aaaa']);
    const hostless = { digest, tag: '1', url: 'https://u.test/v2/a/b/manifests/1' };
    expect(lines(read('distribution', event('push', hostless, { request: { host: '' } })))).toEqual([
      'tag u.test/a/b:1@aaaa',
    ]);
    expect(lines(read('distribution', event('push', { digest, tag: '1' }, { request: null })))).toEqual([
      'ignored no-registry 1',
    ]);
  });

  test('passes over one odd event of an envelope and takes the others', () => {
    const events = [
      null,
      7,
      {},
      { action: 'push', target: null },
      ...event('push', { tag: '1', digest }).events,
      ...event('mount', {}).events,
      ...event('dance', {}).events,
    ];
    expect(lines(read('distribution', { events }))).toEqual([
      'tag r.test:5000/a/b:1@aaaa',
      'ignored malformed 4',
      'ignored mount 1',
      'ignored other-action 1',
    ]);
  });

  test('keeps a digest it cannot compare out, and asks for one that is missing', () => {
    expect(lines(read('distribution', event('push', { tag: '1', digest: 'md5:abc' })))).toEqual([
      'ignored invalid-digest 1',
    ]);
    expect(lines(read('distribution', event('push', { tag: '1' })))).toEqual(['tag r.test:5000/a/b:1']);
    expect(read('distribution', event('push', { tag: '1' })).incomplete).toHaveLength(1);
  });

  test('gives a time ahead of ours as it is, for the ledger to judge, and none before there were registries', () => {
    const at = (timestamp: unknown) =>
      read('distribution', event('push', { tag: '1', digest }, { timestamp })).observations[0]?.saidAt;
    expect(at('2027-01-01T00:00:00.5Z')).toBe(Date.parse('2027-01-01T00:00:00.5Z'));
    expect(at('0001-01-01T00:00:00Z')).toBeUndefined();
    expect(at('yesterday')).toBeUndefined();
    expect(at('2026-11-23T21:00:00.250+02:00')).toBe(Date.parse('2026-11-23T19:00:00.250Z'));
  });

  test('gives two events with one id but different images different keys', () => {
    const { events } = event('push', { tag: '1', digest });
    const twice = { events: [...events, ...event('push', { tag: '2', digest }).events] };
    const keys = read('distribution', twice).observations.map(({ dedupeKey }) => dedupeKey);
    expect(new Set(keys).size).toBe(2);
  });
});

describe('harbor', () => {
  const body = (type: string, resource: object) => ({
    type,
    occur_at: 1586922308,
    event_data: { resources: [resource], repository: { repo_full_name: 'apps/deep/web' } },
  });
  const url = 'harbor.test:8443/apps/deep/web:1';

  test('deletes an artifact with all its tags, of which it names the first', () => {
    const said = read('harbor', body('DELETE_ARTIFACT', { digest, tag: '1', resource_url: url }));
    expect(lines(said)).toEqual([
      'manifest-gone harbor.test:8443/apps/deep/web@aaaa',
      'tag-gone harbor.test:8443/apps/deep/web:1',
    ]);
    expect(new Set(said.observations.map(({ dedupeKey }) => dedupeKey)).size).toBe(2);
  });

  test('takes a digest in the place of the tag as untagged', () => {
    expect(lines(read('harbor', body('PUSH_ARTIFACT', { digest, tag: digest, resource_url: url })))).toEqual([
      'manifest harbor.test:8443/apps/deep/web@aaaa',
    ]);
  });

  test.each([
    ['PULL_ARTIFACT', 'pull'],
    ['SCANNING_COMPLETED', 'other-event'],
    ['QUOTA_EXCEED', 'other-event'],
    ['REPLICATION', 'other-event'],
    ['TAG_RETENTION', 'other-event'],
  ])('counts %s and leaves it', (type, reason) => {
    expect(lines(read('harbor', body(type, {})))).toEqual([`ignored ${reason} 1`]);
  });
});

describe('docker-hub', () => {
  test('puts an official image under library, and reads float seconds', () => {
    const json = { push_data: { tag: '1', pushed_at: 1.417566161e9 }, repository: { repo_name: 'nginx' } };
    expect(lines(read('docker-hub', json))).toEqual(['tag docker.io/library/nginx:1']);
    expect(read('docker-hub', json).incomplete[0]?.occurredAt).toBe(1417566161000);
    const half = { ...json, push_data: { tag: '1', pushed_at: 1417566161.5 } };
    expect(read('docker-hub', half).incomplete[0]?.saidAt).toBe(1417566161500);
  });

  test('counts a push without tag', () => {
    const json = { push_data: { tag: '', pushed_at: 1 }, repository: { repo_name: 'a/b' } };
    expect(lines(read('docker-hub', json))).toEqual(['ignored no-tag-or-digest 1']);
  });
});

describe('quay', () => {
  test('takes several tags, as list or as object, and ports and organisations in the URL', () => {
    const json = { docker_url: 'quay.test:8443/org/app', repository: 'org/app', updated_tags: ['1', '2', 3] };
    expect(lines(read('quay', json))).toEqual([
      'tag quay.test:8443/org/app:1',
      'tag quay.test:8443/org/app:2',
      'ignored malformed 1',
    ]);
    expect(lines(read('quay', { ...json, updated_tags: { latest: 'f00' } }))).toEqual([
      'tag quay.test:8443/org/app:latest',
    ]);
  });

  test('counts builds, scans and quotas, which nothing but their fields tells from a push', () => {
    for (const json of [
      { build_id: '1', docker_url: 'quay.io/a/b' },
      { message: 'mirrored' },
      { updated_tags: [] },
    ]) {
      expect(lines(read('quay', json))).toEqual(['ignored other-event 1']);
    }
  });
});

describe('ghcr', () => {
  const pack = (over: object) => ({
    action: 'published',
    registry_package: {
      package_type: 'CONTAINER',
      package_version: {
        version: digest,
        package_url: 'ghcr.io/Acme/Web:',
        container_metadata: { tag: { name: '' } },
        ...over,
      },
    },
  });

  test('lower-cases the owner and takes an empty tag as untagged', () => {
    expect(lines(read('ghcr', pack({})))).toEqual(['manifest ghcr.io/acme/web@aaaa']);
  });

  test('falls back to namespace and name where the URL is missing', () => {
    const json = {
      action: 'updated',
      package: {
        package_type: 'container',
        namespace: 'Acme',
        name: 'Web',
        package_version: { version: digest, container_metadata: { tag: { name: 'v1' } } },
      },
    };
    expect(lines(read('ghcr', json))).toEqual(['tag ghcr.io/acme/web:v1@aaaa']);
  });

  test('answers a ping, other events, other packages and other actions without a change', () => {
    const event = (name: string) => ({ headers: { 'x-github-event': name } });
    expect(lines(read('ghcr', { zen: 'x' }, event('ping')))).toEqual(['ignored ping 1']);
    expect(lines(read('ghcr', { ref: 'x' }, event('push')))).toEqual(['ignored other-event 1']);
    expect(lines(read('ghcr', { action: 'published', package: { package_type: 'npm' } }))).toEqual([
      'ignored not-an-image 1',
    ]);
    expect(lines(read('ghcr', { ...pack({}), action: 'deleted' }))).toEqual(['ignored other-action 1']);
  });
});

describe('acr', () => {
  const data = {
    action: 'push',
    timestamp: '2026-01-15T08:00:01.261426789Z',
    target: { repository: 'a/b', tag: '', digest },
    request: { host: 'x.azurecr.io' },
  };

  test('takes an empty tag as untagged, and counts charts and pings', () => {
    expect(lines(read('acr', data))).toEqual(['manifest x.azurecr.io/a/b@aaaa']);
    expect(lines(read('acr', { action: 'ping' }))).toEqual(['ignored ping 1']);
    expect(lines(read('acr', { ...data, action: 'chart_push' }))).toEqual(['ignored not-an-image 1']);
  });

  test('reads Event Grid lists and CloudEvents, and takes the host from the topic where it has to', () => {
    const topic =
      '/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerRegistry/registries/AcmeProd';
    const grid = [
      {
        id: '1',
        topic,
        eventType: 'Microsoft.ContainerRegistry.ImagePushed',
        data: { ...data, request: {} },
      },
    ];
    expect(lines(read('acr', grid))).toEqual(['manifest acmeprod.azurecr.io/a/b@aaaa']);
    const cloud = {
      specversion: '1.0',
      id: '1',
      source: topic,
      type: 'Microsoft.ContainerRegistry.ImagePushed',
      data,
    };
    const headers = { 'content-type': 'application/cloudevents+json' };
    expect(lines(read('acr', cloud, { headers }))).toEqual(['manifest x.azurecr.io/a/b@aaaa']);
  });

  test('echoes the validation code of Event Grid', () => {
    const grid = [
      {
        id: '1',
        eventType: 'Microsoft.EventGrid.SubscriptionValidationEvent',
        data: { validationCode: 'c0de' },
      },
    ];
    expect(read('acr', grid).answer).toEqual({
      status: 200,
      headers: {},
      body: { validationResponse: 'c0de' },
    });
  });
});
