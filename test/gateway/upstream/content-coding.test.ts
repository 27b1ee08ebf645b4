/** Bodies that a proxy has compressed, though nobody asked for that. */
import { randomBytes } from 'node:crypto';
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Digest } from '../../../src/event/digest.ts';
import { generic } from '../../../src/source/poll/listers/generic.ts';
import { listBounds } from '../../../src/source/poll/listers/lister.ts';
import { getManifest, headTag } from '../../../src/upstream/manifest.ts';
import type { RegistryClient } from '../../../src/upstream/registry-client.ts';
import { type FakeRegistry, startFakeRegistry } from '../../support/fake-registry.ts';
import { registryClient } from '../../support/registry-client.ts';

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

/** Answers everything with this body, of this coding. HEADs have its length alone. */
function serve(body: Buffer, coding: string, more: Record<string, string> = {}): void {
  registry.faults.push(({ method }, response) => {
    response.writeHead(200, { 'content-encoding': coding, 'content-length': body.length, ...more });
    response.end(method === 'HEAD' ? undefined : body);
    return true;
  });
}

const list = () => generic.list({ client, repository: 'team/app', since: null, bounds: listBounds });
const tags = Buffer.from('{"name":"team/app","tags":["1.0","1.1"]}');

it.each([
  ['gzip', gzipSync],
  ['x-gzip', gzipSync],
  ['GZIP', gzipSync],
  ['deflate', deflateSync],
  ['br', brotliCompressSync],
  ['zstd', zstdCompressSync],
  ['identity', (body: Buffer) => body],
])('a list that came as %s is read', async (coding, encode) => {
  serve(encode(tags), coding);
  expect([...(await list()).rows.keys()]).toEqual(['1.0', '1.1']);
});

it('no coding is asked for', async () => {
  let asked: string | string[] | undefined;
  registry.faults.push(({ headers }) => {
    asked = headers['accept-encoding'];
    return false;
  });
  await headTag(client, 'team/app', '1.0');
  expect(asked).toBe('identity');
});

it('a manifest has the digest and the size of its own bytes, not of the coded ones', async () => {
  const { body, digest, mediaType } = registry.push('team/app', '1.0', 'one');
  const coded = gzipSync(body);
  serve(coded, 'gzip', { 'content-type': mediaType });
  expect(await headTag(client, 'team/app', '1.0')).toMatchObject({ digest, size: body.length });
  const got = await getManifest(client, 'team/app', digest as Digest);
  expect(got?.bytes.toString()).toBe(body);
  registry.faults.length = 0;
  serve(coded, 'gzip', { 'content-type': mediaType, 'docker-content-digest': digest });
  expect(await headTag(client, 'team/app', '1.0')).toMatchObject({ digest, size: null });
});

it.each([
  ['gzip', gzipSync],
  ['br', brotliCompressSync],
  ['zstd', zstdCompressSync],
])('a few bytes of %s that stand for more than the bound end the request', async (coding, encode) => {
  const bomb = encode(Buffer.alloc(listBounds.maxPageBytes + 1, ' '));
  expect(bomb.length).toBeLessThan(20_000);
  serve(bomb, coding);
  await expect(list()).rejects.toMatchObject({
    reason: 'too-large',
    message: expect.stringContaining(`body larger than ${listBounds.maxPageBytes} bytes`),
  });
});

it.each([
  ['gzip', randomBytes(100), /a body that is not gzip, as its header says/],
  ['gzip', gzipSync(tags).subarray(0, 30), /a body that is not gzip/],
  ['br', tags, /a body that is not br/],
  ['compress', tags, /Content-Encoding "compress": must be one of gzip, /],
  ['gzip, br', tags, /Content-Encoding "gzip, br": must be one of/],
])(
  'a body that is not %s, or of a coding that nobody knows, is refused: %#',
  async (coding, body, message) => {
    serve(body, coding);
    await expect(list()).rejects.toMatchObject({
      reason: 'invalid',
      message: expect.stringMatching(message),
    });
  },
);
