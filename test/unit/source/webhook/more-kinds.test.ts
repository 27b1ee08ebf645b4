/** What the fixtures do not show: the odd things that clouds, forges and our own kind send. */
import { describe, expect, test } from 'vitest';
import { digest, lines, read, refusal } from '../../../support/webhook-read.ts';

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
    expect(read('nexus', body({}), { hook }).incomplete[0]?.saidAt).toBe(
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
      saidAt: Date.parse('2026-11-23T20:00:00.5Z'),
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
    [{ reference: 'a:1', occurredAt: '2012-12-31T23:59:59Z' }, 'occurredAt'],
    [{ reference: 'a:1', action: 'pull' }, 'action'],
    [{ reference: 'a:1', digset: digest }, 'digset'],
    [[{ reference: 'a:1' }, { reference: 'a:1', tag: '1' }], '[1].tag'],
    [{ reference: 'a:1', size: -1 }, 'size'],
    [7, ''],
  ])('refuses %j and names what is wrong', (json, parameter) => {
    expect(refusal(() => read('manifeed', json))).toBe(parameter);
  });

  test('gives the true reason for a time before there were registries', () => {
    const early = { reference: 'a:1', occurredAt: '2012-12-31T23:59:59Z' };
    expect(() => read('manifeed', early)).toThrow(/"2012-12-31T23:59:59Z": must be .* of 2013 or later/);
  });
});
