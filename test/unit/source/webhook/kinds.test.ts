/** What the fixtures do not show: the odd things that registries send, kind by kind. */
import { describe, expect, test } from 'vitest';
import { ManifeedError } from '../../../../src/errors.ts';
import type { HookOptions, Normalised } from '../../../../src/source/webhook/kind.ts';
import { kinds } from '../../../../src/source/webhook/kinds.ts';
import { noon } from '../../../support/webhook.ts';

const digest = `sha256:${'a'.repeat(64)}`;

function read(
  kind: string,
  given: unknown,
  options: { hook?: Partial<HookOptions>; headers?: Record<string, string> } = {},
): Normalised {
  const json: unknown = JSON.parse(JSON.stringify(given));
  const found = kinds.get(kind);
  if (found === undefined) throw new Error(kind);
  const body = Buffer.from(JSON.stringify(json));
  const hook: HookOptions = { name: 'h', kind, verify: 'none', ...options.hook };
  return found.normalise({ body, json, headers: options.headers ?? {}, arrivedAt: noon }, hook);
}

/** What was said, in one line each. */
function lines(said: Normalised): string[] {
  const rows = [...said.observations, ...said.incomplete].map((row) => {
    const tag = 'tag' in row ? `:${row.tag}` : '';
    const at = 'digest' in row && row.digest !== null ? `@${row.digest.slice(7, 11)}` : '';
    return `${row.kind} ${row.registry}/${row.repository}${tag}${at}`;
  });
  return [...rows, ...said.ignored.map(({ reason, count }) => `ignored ${reason} ${count}`)];
}

const refusal = (run: () => unknown) => {
  try {
    run();
  } catch (error) {
    if (error instanceof ManifeedError) return error.detail?.parameter ?? error.code;
    throw error;
  }
  return 'taken';
};

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

  test('never dates an event after its arrival, and not before there were registries', () => {
    const at = (timestamp: unknown) =>
      read('distribution', event('push', { tag: '1', digest }, { timestamp })).observations[0]?.observedAt;
    expect(at('2027-01-01T00:00:00.5Z')).toBe(noon);
    expect(at('0001-01-01T00:00:00Z')).toBe(noon);
    expect(at('yesterday')).toBe(noon);
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
    expect(read('docker-hub', half).incomplete[0]?.observedAt).toBe(1417566161500);
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
    expect(read('acr', grid).reply).toEqual({
      status: 200,
      headers: {},
      body: { validationResponse: 'c0de' },
    });
  });
});

describe('ecr', () => {
  const event = (detail: object, over: object = {}) => ({
    'detail-type': 'ECR Image Action',
    account: '111122223333',
    region: 'eu-west-1',
    detail: {
      result: 'SUCCESS',
      'action-type': 'PUSH',
      'repository-name': 'a/b',
      'image-digest': digest,
      ...detail,
    },
    ...over,
  });
  const host = '111122223333.dkr.ecr.eu-west-1.amazonaws.com';

  test('builds the host, in China with its own domain, and from nothing that is no account or region', () => {
    expect(lines(read('ecr', event({})))).toEqual([`manifest ${host}/a/b@aaaa`]);
    expect(lines(read('ecr', event({}, { region: 'cn-north-1' })))).toEqual([
      'manifest 111122223333.dkr.ecr.cn-north-1.amazonaws.com.cn/a/b@aaaa',
    ]);
    expect(lines(read('ecr', event({}, { region: 'x/y' })))).toEqual(['ignored no-registry 1']);
    expect(lines(read('ecr', event({}, { account: 'evil.test' })))).toEqual(['ignored no-registry 1']);
  });

  test('tells untagging from deleting, and failures and scans from both', () => {
    expect(lines(read('ecr', event({ 'action-type': 'DELETE', 'image-tag': '1' })))).toEqual([
      `tag-gone ${host}/a/b:1`,
    ]);
    expect(lines(read('ecr', event({ 'action-type': 'DELETE' })))).toEqual([
      `manifest-gone ${host}/a/b@aaaa`,
    ]);
    expect(lines(read('ecr', event({ result: 'FAILURE' })))).toEqual(['ignored failed 1']);
    expect(lines(read('ecr', { ...event({}), 'detail-type': 'ECR Image Scan' }))).toEqual([
      'ignored other-event 1',
    ]);
  });
});

describe('gar', () => {
  const wrap = (data: unknown) => ({
    message: { data: Buffer.from(JSON.stringify(data)).toString('base64'), messageId: 'm' },
  });
  const name = 'europe-docker.pkg.dev/p/r/i';

  test('reads tag only, digest only and both, wrapped and bare', () => {
    expect(lines(read('gar', wrap({ action: 'INSERT', digest: `${name}@${digest}` })))).toEqual([
      `manifest ${name}@aaaa`,
    ]);
    expect(lines(read('gar', { action: 'INSERT', tag: `${name}:1`, digest: `${name}@${digest}` }))).toEqual([
      `tag ${name}:1@aaaa`,
    ]);
    expect(lines(read('gar', { action: 'DELETE', tag: `${name}:1` }))).toEqual([`tag-gone ${name}:1`]);
    expect(lines(read('gar', { action: 'DELETE', digest: `${name}@${digest}` }))).toEqual([
      `manifest-gone ${name}@aaaa`,
    ]);
  });

  test('acknowledges what is inside a message but no event, which Pub/Sub would send for days', () => {
    for (const data of ['x', {}, null])
      expect(lines(read('gar', wrap(data)))).toEqual(['ignored malformed 1']);
    expect(lines(read('gar', wrap({ action: 'INSERT', tag: 'NOT A REF' })))).toEqual([
      'ignored invalid-reference 1',
    ]);
    expect(lines(read('gar', wrap({ action: 'INSERT' })))).toEqual(['ignored no-tag-or-digest 1']);
    expect(refusal(() => read('gar', { hello: 1 }))).toBe('BODY_INVALID');
  });
});

describe('gitea and forgejo', () => {
  const pack = (over: object) => ({
    action: 'created',
    package: {
      type: 'container',
      owner: { login: 'Acme' },
      name: 'Deep/Web',
      version: '1',
      html_url: 'https://git.test:3000/acme/-/packages/container/deep%2Fweb/1',
      ...over,
    },
  });

  test('lower-cases owner and name and takes host and port from the URL', () => {
    expect(lines(read('gitea', pack({})))).toEqual(['tag git.test:3000/acme/deep/web:1']);
    expect(lines(read('forgejo', { ...pack({ version: digest }), action: 'deleted' }))).toEqual([
      'manifest-gone git.test:3000/acme/deep/web@aaaa',
    ]);
  });

  test('counts other packages and other events, whatever the GitHub headers say', () => {
    const headers = { 'x-github-event': 'ping' };
    expect(lines(read('gitea', pack({}), { headers }))).toEqual(['tag git.test:3000/acme/deep/web:1']);
    expect(lines(read('gitea', pack({ type: 'npm' })))).toEqual(['ignored not-an-image 1']);
    expect(lines(read('gitea', { ref: 'refs/heads/main' }))).toEqual(['ignored other-event 1']);
  });
});

describe('jfrog', () => {
  const body = (over: object, data: object = {}) => ({
    domain: 'docker',
    event_type: 'pushed',
    data: { repo_key: 'docker-local', image_name: 'a/b', tag: '1', sha256: 'a'.repeat(64), ...data },
    jpd_origin: 'https://j.test',
    ...over,
  });

  test('puts the repository key into the path, unless the host begins with it', () => {
    expect(lines(read('jfrog', body({})))).toEqual(['tag j.test/docker-local/a/b:1@aaaa']);
    const hook = { registry: 'docker-local.j.test' };
    expect(lines(read('jfrog', body({}), { hook }))).toEqual(['tag docker-local.j.test/a/b:1@aaaa']);
  });

  test('needs a host from somewhere, ignores the files of the same push, and deletes tags', () => {
    expect(lines(read('jfrog', body({ jpd_origin: '' })))).toEqual(['ignored no-registry 1']);
    expect(lines(read('jfrog', body({ domain: 'artifact' })))).toEqual(['ignored other-event 1']);
    expect(lines(read('jfrog', body({ event_type: 'deleted' })))).toEqual([
      'tag-gone j.test/docker-local/a/b:1',
    ]);
    expect(lines(read('jfrog', body({ event_type: 'promoted' })))).toEqual([
      'tag j.test/docker-local/a/b:1@aaaa',
    ]);
  });
});

describe('nexus', () => {
  const hook = { registry: 'n.test' };
  const body = (over: object) => ({
    action: 'UPDATED',
    timestamp: '2020-04-05T21:49:44.219+00:00',
    component: { format: 'docker', name: 'a/b', version: '1' },
    ...over,
  });

  test('reads both ways of writing the offset, updates and deletes', () => {
    expect(lines(read('nexus', body({}), { hook }))).toEqual(['tag n.test/a/b:1']);
    expect(read('nexus', body({}), { hook }).incomplete[0]?.observedAt).toBe(
      Date.parse('2020-04-05T21:49:44.219Z'),
    );
    expect(lines(read('nexus', body({ action: 'DELETED' }), { hook }))).toEqual(['tag-gone n.test/a/b:1']);
  });

  test('counts purges, assets and other formats', () => {
    expect(lines(read('nexus', body({ action: 'PURGED' }), { hook }))).toEqual(['ignored other-action 1']);
    expect(lines(read('nexus', { action: 'CREATED', asset: {} }, { hook }))).toEqual([
      'ignored other-event 1',
    ]);
    expect(lines(read('nexus', body({ component: { format: 'maven2' } }), { hook }))).toEqual([
      'ignored not-an-image 1',
    ]);
  });
});

describe('zot and cloudevents', () => {
  const hook = { registry: 'z.test' };
  const event = (over: object) => ({
    specversion: '1.0',
    id: '1',
    source: 's',
    type: 'zotregistry.image.updated',
    data: { name: 'a', reference: digest, digest },
    ...over,
  });
  const structured = { 'content-type': 'application/cloudevents+json; charset=utf-8' };

  test('read structured events, digests in the place of tags and deletes', () => {
    expect(lines(read('zot', event({}), { hook, headers: structured }))).toEqual(['manifest z.test/a@aaaa']);
    const gone = event({ type: 'zotregistry.image.deleted', data: { name: 'a', reference: '1', digest } });
    expect(lines(read('zot', gone, { hook, headers: structured }))).toEqual(['tag-gone z.test/a:1']);
    const created = event({ type: 'zotregistry.repository.created', data: { name: 'a' } });
    expect(lines(read('zot', created, { hook, headers: structured }))).toEqual(['ignored other-event 1']);
  });

  test('read a batch and pass over what is no CloudEvent in it', () => {
    const headers = { 'content-type': 'application/cloudevents-batch+json' };
    const batch = [
      event({
        type: 'x.push',
        data_base64: Buffer.from(JSON.stringify({ repository: 'a', tag: '1', digest })).toString('base64'),
        data: undefined,
      }),
      { id: 1 },
      event({ type: 'x.pulled' }),
    ];
    expect(lines(read('cloudevents', batch, { hook, headers }))).toEqual([
      'tag z.test/a:1@aaaa',
      'ignored malformed 1',
      'ignored pull 1',
    ]);
  });

  test('decode percent-encoded headers of binary mode and read the subject', () => {
    const headers = {
      'content-type': 'application/json',
      'ce-specversion': '1.0',
      'ce-id': '1',
      'ce-source': 'https://r.test/x',
      'ce-type': 'a.push',
      'ce-subject': 'deep%2Fweb:1',
    };
    expect(lines(read('cloudevents', { digest }, { headers }))).toEqual(['tag r.test/deep/web:1@aaaa']);
  });

  test('refuse another event format with 415 and a body that is none with 400', () => {
    expect(
      refusal(() =>
        read('cloudevents', {}, { hook, headers: { 'content-type': 'application/cloudevents+avro+json' } }),
      ),
    ).toBe('UNSUPPORTED_MEDIA_TYPE');
    expect(refusal(() => read('cloudevents', { repository: 'a' }, { hook }))).toBe('BODY_INVALID');
    expect(
      refusal(() => read('cloudevents', event({ specversion: '0.3' }), { hook, headers: structured })),
    ).toBe('BODY_INVALID');
  });
});

describe('manifeed', () => {
  test('takes one object or a list, with bare names under the hook’s registry and written hosts as they are', () => {
    expect(lines(read('manifeed', { reference: 'nginx:1' }))).toEqual(['tag docker.io/library/nginx:1']);
    const hook = { registry: 'r.test:5000' };
    const list = [
      { reference: 'web:1', digest },
      { reference: 'ghcr.io/a/b:2', action: 'delete' },
      { reference: `a/b@${digest}` },
    ];
    expect(lines(read('manifeed', list, { hook }))).toEqual([
      'tag r.test:5000/web:1@aaaa',
      'tag-gone ghcr.io/a/b:2',
      'manifest r.test:5000/a/b@aaaa',
    ]);
  });

  test('dates by occurredAt, keeps what it is told and names its origin', () => {
    const said = read('manifeed', {
      reference: 'r.test/a:1',
      digest,
      mediaType: 'application/json',
      size: 7,
      occurredAt: '2026-11-23T20:00:00.5Z',
      id: 'x',
    });
    expect(said.observations[0]).toMatchObject({
      origin: 'publish:h',
      mediaType: 'application/json',
      size: 7,
      observedAt: Date.parse('2026-11-23T20:00:00.5Z'),
    });
    expect(said.observations[0]?.dedupeKey).toMatch(/^h:/);
    expect(read('manifeed', { reference: 'r.test/a:1', digest }).observations[0]?.dedupeKey).toBeNull();
  });

  test.each([
    [{}, 'reference'],
    [{ reference: 'r.test/a' }, 'reference'],
    [{ reference: 'R.test/A:1' }, 'reference'],
    [[{ reference: 'a:1' }, { reference: 'b c' }], '[1].reference'],
    [{ reference: 'a:1', digest: 'sha256:f00' }, 'digest'],
    [{ reference: `a@${digest}`, digest: digest.replaceAll('a', 'b') }, 'digest'],
    [{ reference: 'a:1', occurredAt: 'now' }, 'occurredAt'],
    [{ reference: 'a:1', action: 'pull' }, 'action'],
    [{ reference: 'a:1', size: -1 }, 'size'],
    [7, ''],
  ])('refuses %j and names what is wrong', (json, parameter) => {
    expect(refusal(() => read('manifeed', json))).toBe(parameter);
  });
});
