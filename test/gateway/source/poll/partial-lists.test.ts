/** A part of a list of tags is never taken for the whole one (PROTOCOL.md, G18). */
import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { generic } from '../../../../src/source/poll/listers/generic.ts';
import { listers } from '../../../../src/source/poll/listers/listers.ts';
import { headTag } from '../../../../src/upstream/manifest.ts';
import type { RegistryClient } from '../../../../src/upstream/registry-client.ts';
import { type FakeRegistry, startFakeRegistry } from '../../../support/fake-registry.ts';
import { registryClient } from '../../../support/registry-client.ts';

const bounds = { maxTags: 1_000, maxPages: 20, maxPageBytes: 64 * 1024 };
const next = '</v2/team/app/tags/list?last=b>; rel="next"';

let registry: FakeRegistry;
let client: RegistryClient;
beforeEach(async () => {
  registry = await startFakeRegistry();
  client = registryClient(registry.host);
});
afterEach(async () => {
  await client.close();
  await registry.close();
});

const list = () => generic.list({ client, repository: 'team/app', since: null, bounds });

/** Answers the first page, and those behind it. */
function pages(first: (response: ServerResponse) => void, behind: (response: ServerResponse) => void): void {
  registry.faults.push((_request, response, url) => {
    (url.searchParams.has('last') ? behind : first)(response);
    return true;
  });
}

it('finds the next page in the second of two Link headers', async () => {
  pages(
    (response) => {
      response.setHeader('link', ['</help>; rel="help"', next]);
      response.end('{"name":"team/app","tags":["a","b"]}');
    },
    (response) => response.end('{"name":"team/app","tags":["c"]}'),
  );
  const { end, rows } = await list();
  expect([end, [...rows.keys()]]).toEqual(['complete', ['a', 'b', 'c']]);
});

it('refuses a list of which a later page is not found', async () => {
  pages(
    (response) => response.setHeader('link', next).end('{"name":"team/app","tags":["a","b"]}'),
    (response) => response.writeHead(404).end('{"errors":[{"code":"NAME_UNKNOWN"}]}'),
  );
  await expect(list()).rejects.toMatchObject({ reason: 'missing' });
});

it('refuses a page whose Link is too long to be read', async () => {
  pages(
    (response) => {
      response.setHeader('link', `</v2/team/app/tags/list?last=${'x'.repeat(9_000)}>; rel="next"`);
      response.end('{"name":"team/app","tags":["a","b"]}');
    },
    (response) => response.end('{"name":"team/app","tags":["c"]}'),
  );
  await expect(list()).rejects.toMatchObject({ reason: 'invalid' });
});

const errors = [
  '{"errors":[{"code":"DENIED"}]}',
  '{"errors":[],"name":"team/app","tags":[]}',
  '{"error":"unauthorized","tags":null,"results":[]}',
  '{"name":"UnauthorizedError","message":"sign in"}',
  '{"message":"sign in"}',
  '{}',
  'null',
  '"tags"',
  '',
  '<html>Sign in</html>',
];

it.each([...listers.values()].flatMap((lister) => errors.map((body) => [lister.name, body] as const)))(
  'takes no error with status 200 for an empty list: %s, %s',
  async (name, body) => {
    pages(
      (response) => response.end(body),
      () => {},
    );
    const listing = listers.get(name)?.list({ client, repository: 'team/app', since: null, bounds });
    await expect(listing).rejects.toMatchObject({ reason: 'invalid' });
  },
);

it.each([
  ['docker-hub', '{"count":0,"next":null,"results":[]}'],
  ['quay', '{"tags":[],"page":1,"has_additional":false}'],
  ['harbor', '[]'],
  ['acr', '{"registry":"x","imageName":"team/app","tags":null}'],
  ['acr', '{"registry":"x","imageName":"team/app","tags":[]}'],
  ['gar', '{"child":[],"manifest":{},"name":"team/app","tags":[]}'],
  ['gar', '{"child":[],"manifest":{},"name":"team/app"}'],
  ['gar', '{"name":"team/app"}'],
])('knows the empty list of %s: %s', async (name, body) => {
  pages(
    (response) => response.end(body),
    () => {},
  );
  const listing = listers.get(name)?.list({ client, repository: 'team/app', since: null, bounds });
  expect(await listing).toMatchObject({ end: 'complete', rows: new Map() });
});

it.each(['{"name":"team/app","tags":null}', '{"name":"team/app"}', '{"tags":[]}'])(
  'knows an empty list in each spelling: %s',
  async (body) => {
    pages(
      (response) => response.end(body),
      () => {},
    );
    expect(await list()).toMatchObject({ end: 'complete', unknownName: false, invalidTags: 0 });
  },
);

it('does not believe the digest that a GET names if its bytes have another one', async () => {
  const { body, digest } = registry.push('team/app', '1.0', 'one');
  const other = `sha256:${'f'.repeat(64)}`;
  let mediaType = 'application/vnd.oci.image.manifest.v1+json';
  registry.faults.push(({ method }, response) => {
    const named = method === 'GET' ? { 'docker-content-digest': other } : {};
    response.writeHead(200, { 'content-type': mediaType, ...named }).end(body);
    return true;
  });
  expect(await headTag(client, 'team/app', '1.0')).toMatchObject({ digest });
  mediaType = 'application/vnd.docker.distribution.manifest.v1+prettyjws';
  expect(await headTag(client, 'team/app', '1.0')).toMatchObject({ digest: other });
});
