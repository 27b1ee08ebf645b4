/** Comparisons, asked over HTTP, with the ledger in memory and in SQLite. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FakeRegistry, startFakeRegistry } from '../../../support/fake-registry.ts';
import { digest, type Gateway, startGateway } from '../../../support/gateway.ts';
import { get, pages } from '../../../support/index-client.ts';
import { until } from '../../../support/until.ts';

const push = (reference: string, word: string) => ({ reference, digest: digest(word) });

describe.each(['memory', 'sqlite'])('GET /v1/diff over %s', (kind) => {
  let gateway: Gateway;
  let folder: string;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'manifeed-diff-'));
    gateway = await startGateway({ ledger: kind === 'memory' ? kind : `sqlite:${join(folder, 'l.db')}` });
  });
  afterEach(async () => {
    await gateway.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const fill = () =>
    gateway.publish(
      ...[push('nginx:1.0', 'same'), push('nginx:1.1', 'a'), push('nginx:2', 'left')],
      ...[push('ghcr.io/m/library/nginx:1.0', 'same'), push('ghcr.io/m/library/nginx:1.1', 'b')],
      ...[push('ghcr.io/m/library/nginx:3', 'right'), push('ghcr.io/m:0', 'not below it')],
      ...[push('ghcr.io/m/other/x:1', 'right'), push('team/app:1', 'left')],
    );

  it('answers what two repositories differ in', async () => {
    await fill();
    const { status, headers, body } = await get(gateway, '/v1/diff?left=nginx&right=ghcr.io/m/library/nginx');
    expect([status, headers.get('cache-control')]).toEqual([200, 'no-store']);
    expect(body).toEqual({
      // Known by webhooks only.
      certain: false,
      reason: 'not-listed',
      left: { name: 'docker.io/library/nginx', listedAt: null },
      right: { name: 'ghcr.io/m/library/nginx', listedAt: null },
      equal: 1,
      different: [{ repository: '', tag: '1.1', left: digest('a'), right: digest('b') }],
      onlyLeft: [{ repository: '', tag: '2', digest: digest('left') }],
      onlyRight: [{ repository: '', tag: '3', digest: digest('right') }],
      next: null,
    });
  });

  it('compares every repository below a prefix, and what is only on one side', async () => {
    await fill();
    const { body } = await get(gateway, '/v1/diff?left=docker.io/&right=ghcr.io/m/');
    expect(body).toMatchObject({
      left: { name: 'docker.io/' },
      right: { name: 'ghcr.io/m/' },
      ...{ certain: false, reason: 'unknown', equal: 1 },
      different: [{ repository: 'library/nginx', tag: '1.1' }],
      onlyLeft: [
        { repository: 'library/nginx', tag: '2' },
        { repository: 'team/app', tag: '1' },
      ],
      onlyRight: [
        { repository: 'library/nginx', tag: '3' },
        { repository: 'other/x', tag: '1' },
      ],
    });
  });

  it('compares the tags that a glob or a range selects, and no others', async () => {
    await fill();
    const of = async (tag: string) => {
      const path = `/v1/diff?left=nginx&right=ghcr.io/m/library/nginx&tag=${encodeURIComponent(tag)}`;
      const { equal, different, onlyLeft, onlyRight } = (await get(gateway, path)).body;
      return [equal, different.length, onlyLeft.length, onlyRight.length];
    };
    expect(await of('semver:^1')).toEqual([1, 1, 0, 0]);
    expect(await of('semver:>=2')).toEqual([0, 0, 1, 1]);
    expect(await of('*.1')).toEqual([0, 1, 0, 0]);
    expect(await of('2')).toEqual([0, 0, 1, 0]);
  });

  it.each(['left=nginx&right=ghcr.io/m/library/nginx', 'left=docker.io/&right=ghcr.io/m/'])(
    'pages through everything once by Link: %s',
    async (query) => {
      await fill();
      const whole = (await get(gateway, `/v1/diff?${query}`)).body;
      const read = (await pages(gateway, `/v1/diff?${query}&n=1`)).map(({ body }) => body);
      expect(read.reduce((sum, { equal }) => sum + equal, 0)).toBe(whole.equal);
      expect(read.flatMap(({ different }) => different)).toEqual(whole.different);
      expect(read.flatMap(({ onlyLeft }) => onlyLeft)).toEqual(whole.onlyLeft);
      expect(read.flatMap(({ onlyRight }) => onlyRight)).toEqual(whole.onlyRight);
      expect(
        read.filter((page) => page.different.length + page.onlyLeft.length + page.onlyRight.length > 1),
      ).toEqual([]);
    },
  );

  it('says that it does not know a repository, and does not call its tags gone', async () => {
    await fill();
    const { body } = await get(gateway, '/v1/diff?left=nginx&right=none');
    expect(body).toMatchObject({ certain: false, reason: 'unknown', equal: 0, right: { listedAt: null } });
    expect(body.onlyLeft).toHaveLength(3);
    expect((await get(gateway, '/v1/diff?left=quay.io/&right=none/')).body).toMatchObject({
      ...{ certain: false, reason: 'unknown', onlyLeft: [], next: null },
    });
  });

  it('counts a tag whose digest is not known as different, and is not certain', async () => {
    await gateway.publish(push('nginx:1', 'a'), { reference: 'ghcr.io/a/b:1' });
    const path = '/v1/diff?left=nginx&right=ghcr.io/a/b';
    // It waits until its registry was to say the digest.
    await until('a row without a digest', async () => (await get(gateway, path)).body.different.length > 0);
    expect((await get(gateway, path)).body).toMatchObject({
      ...{ certain: false, equal: 0 },
      different: [{ tag: '1', left: digest('a'), right: null }],
    });
  });
});

describe('a comparison of repositories that are polled', () => {
  let registry: FakeRegistry;
  let gateway: Gateway;
  beforeEach(async () => {
    registry = await startFakeRegistry();
    gateway = await startGateway({
      defaultRegistry: registry.host,
      registries: [
        {
          host: registry.host,
          plainHttp: true,
          poll: { interval: '1s', minInterval: '1s', maxInterval: '1s' },
        },
      ],
      watch: ['app', 'mirror/app', 'mirror/empty'].map((repository) => ({ repository, tags: ['*'] })),
    });
  });
  afterEach(async () => {
    await gateway.close();
    await registry.close();
  });

  it('is certain once both lists were read whole, and says when that was', async () => {
    registry.push('app', '1', 'one');
    registry.push('app', '2', 'two');
    registry.push('mirror/app', '1', 'one');
    const path = '/v1/diff?left=app&right=mirror/app';
    await until('both lists', async () => (await get(gateway, path)).body.certain);
    const { body } = await get(gateway, path);
    const time = expect.stringMatching(/^\d{4}-.*Z$/);
    expect(body).toMatchObject({
      ...{ reason: null, equal: 1, different: [], onlyRight: [] },
      onlyLeft: [{ repository: '', tag: '2' }],
      left: { listedAt: time },
      right: { listedAt: time },
    });
    for (const { listedAt } of [body.left, body.right])
      expect(Math.abs(Date.parse(listedAt ?? '') - Date.now())).toBeLessThan(60_000);
  });
});
