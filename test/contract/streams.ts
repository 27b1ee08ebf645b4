/**
 * One suite over all transports and both roads into them: what a subscriber may rely on, whatever it speaks.
 * Test names cite the numbered guarantees of PROTOCOL.md.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { digest, type Gateway, type Settings, startGateway } from '../support/gateway.ts';
import {
  type OpenOptions,
  of,
  type Params,
  RefusedError,
  type StreamClient,
} from '../support/stream-client.ts';
import { lastingContract } from './streams-lasting.ts';

export interface StreamRoad {
  readonly name: string;
  open(port: number, params?: Params, options?: OpenOptions): Promise<StreamClient>;
  /** Long-poll has no connection that could be spoken to: no bookmarks, no farewell, no snapshot. */
  readonly lasting: boolean;
  /** How a change type is asked for in a refusal: WebSocket has `type` for the message's own. */
  readonly typeParameter: string;
}

/** The default, and as many as fit into a head of 64 KiB with names of usual length. */
const maxRepositories = 1_000;

export const settings: Settings = {
  limits: { heartbeatInterval: '1s' },
  access: [
    { name: 'all', sha256: digest('t-all').slice(7), unpaced: true },
    { name: 'team', sha256: digest('t-team').slice(7), repositories: ['r.test/team/**', 'r.test/shared'] },
  ],
};

let scenario = 0;

/** Runs the suite over one road. */
export function streamContract(road: StreamRoad): void {
  let gateway: Gateway;
  const clients: StreamClient[] = [];

  const open = async (params: Params, options: OpenOptions = { token: 't-all' }) => {
    const client = await road.open(gateway.port, params, options);
    clients.push(client);
    return client;
  };
  /** A subscription that is live already. */
  const openLive = async (params: Params, options?: OpenOptions) => {
    const client = await open(params, options);
    const { position } = await client.inbox.until(of('ready'));
    return Object.assign(client, { position });
  };
  const refused = async (params: Params, options: OpenOptions = { token: 't-all' }) => {
    const error: unknown = await road.open(gateway.port, params, options).then(
      (client) => client.close(),
      (reason: unknown) => reason,
    );
    if (error instanceof RefusedError) return error.refusal;
    throw new Error(`open stream: ${String(error)}: must be refused`);
  };
  /** A repository that no other scenario speaks of. */
  const repository = (name = 'r.test/app') => `${name}${++scenario}`;
  const push = (...references: string[]) =>
    gateway.publish(
      ...references.map((text) => {
        const [reference = '', word] = text.split('=');
        return { reference, digest: digest(word ?? reference) };
      }),
    );
  const changes = async (client: StreamClient, count: number) => {
    const taken = await client.inbox.take(count, of('change'));
    return taken.map(({ change }) => change);
  };
  const tags = async (client: StreamClient, count: number) =>
    (await changes(client, count)).map((change) => change.tag);

  beforeAll(async () => {
    gateway = await startGateway(settings);
    await push('r.test/seed:1');
  });
  afterAll(async () => {
    for (const client of clients) client.close();
    await gateway.close();
  });

  describe('filters', () => {
    it('G7: an exact repository gets its changes and no others', async () => {
      const mine = repository();
      const client = await openLive({ repository: mine });
      await push(`${mine}x:1`, `${mine}/deeper:1`, `${mine}:1`, `${mine}:2`);
      expect(await tags(client, 2)).toEqual(['1', '2']);
    });

    it('G7: several repositories and globs are one subscription: * stays in a segment, ** crosses', async () => {
      const mine = repository();
      const client = await openLive({ repository: [`${mine}/*/leaf`, `${mine}-deep/**`] });
      await push(`${mine}/a/b/leaf:no`, `${mine}/a/leaf:1`, `${mine}-deep/x/y:2`, `${mine}/leaf:no`);
      expect(await tags(client, 2)).toEqual(['1', '2']);
    });

    it('a subscription may name as many repositories as the limit allows', async () => {
      const mine = repository();
      // Long-poll's Link repeats them, and this client reads 16 KiB of heads.
      const count = road.lasting ? maxRepositories : maxRepositories / 5;
      const many = Array.from({ length: count }, (_, n) => `${mine}/of-a-long-and-telling-name/${n}`);
      const client = await openLive({ repository: many });
      await push(`${many[0]}:first`, `${mine}/other:no`, `${many.at(-1)}:last`);
      expect(await tags(client, 2)).toEqual(['first', 'last']);
    });

    it('G7: a bare name means the default registry', async () => {
      const client = await openLive({ repository: `bare${++scenario}` });
      await push(`r.test/bare${scenario}:no`, `docker.io/library/bare${scenario}:yes`);
      expect((await changes(client, 1))[0]).toMatchObject({ registry: 'docker.io', tag: 'yes' });
    });

    it('G7: tags may be exact, globs and semver ranges', async () => {
      const mine = repository();
      const client = await openLive({ repository: mine, tag: ['latest', 'nightly-*', 'semver:^1.27'] });
      const all = ['latest2', '1.26.9', 'latest', '2.0', 'nightly-7', '1.28.3-alpine', '1.27.0-rc.1', '1.27'];
      await push(...all.map((tag) => `${mine}:${tag}`));
      expect(await tags(client, 4)).toEqual(['latest', 'nightly-7', '1.28.3-alpine', '1.27']);
    });

    it('G7: without a type only tag.* comes; types are chosen by name or group', async () => {
      const mine = repository();
      const ordinary = await openLive({ repository: mine });
      const deletions = await openLive({ repository: mine, type: ['tag.deleted'] });
      const manifests = await openLive({ repository: mine, type: 'manifest.*' });
      await gateway.publish({ reference: `${mine}@${digest('untagged')}` });
      await push(`${mine}:1=a`, `${mine}:1=b`);
      await gateway.publish({ reference: `${mine}:1`, action: 'delete' });
      const types = async (client: StreamClient, count: number) =>
        (await changes(client, count)).map((change) => change.type);
      expect(await types(ordinary, 3)).toEqual(['tag.created', 'tag.updated', 'tag.deleted']);
      expect(await types(deletions, 1)).toEqual(['tag.deleted']);
      expect(await types(manifests, 1)).toEqual(['manifest.pushed']);
    });

    it('tells what the tag pointed at before, and what it points at now', async () => {
      const mine = repository();
      const client = await openLive({ repository: mine });
      await push(`${mine}:1=a`, `${mine}:1=b`);
      await gateway.publish({ reference: `${mine}:1`, action: 'delete' });
      const [created, updated, deleted] = await changes(client, 3);
      expect(created).toMatchObject({ type: 'tag.created', digest: digest('a'), previousDigest: null });
      expect(updated).toMatchObject({
        type: 'tag.updated',
        digest: digest('b'),
        previousDigest: digest('a'),
      });
      expect(deleted).toMatchObject({ type: 'tag.deleted', digest: null, previousDigest: digest('b') });
    });
  });

  describe('resuming', () => {
    it('G1: after a position comes everything that matches and happened since, then what happens', async () => {
      const mine = repository();
      const before = await openLive({ repository: mine });
      await push(`${mine}:1`, `${mine}:2`, `${mine}:3`);
      const [first] = await before.inbox.take(1, of('change'));
      before.close();
      const client = await open({ repository: mine, after: first?.resume ?? '' });
      expect(await tags(client, 2)).toEqual(['2', '3']);
      await push(`${mine}:4`);
      expect(await tags(client, 1)).toEqual(['4']);
    });

    it('G1: since a time comes everything recorded at or after it', async () => {
      const mine = repository();
      await push(`${mine}:1`);
      const client = await open({ repository: mine, since: '2020-01-01T00:00:00Z' });
      expect(await tags(client, 1)).toEqual(['1']);
      await push(`${mine}:2`);
      expect(await tags(client, 1)).toEqual(['2']);
    });

    it('G4: the resume position of a change is a position that can be resumed without missing any', async () => {
      const mine = repository();
      const watcher = await openLive({ repository: mine });
      await push(...Array.from({ length: 20 }, (_, n) => `${mine}:${n}`));
      const seen = await watcher.inbox.take(20, of('change'));
      for (const at of [0, 7, 18]) {
        const client = await open({ repository: mine, after: seen[at]?.resume ?? '' });
        expect(await tags(client, 19 - at)).toEqual(seen.slice(at + 1).map(({ change }) => change.tag));
      }
    });

    it.each([
      ['epoch', 'zzzzzzzz-1', 'another epoch'],
      ['ahead-of-head', 'HEAD+1000', 'a sequence that is not there yet'],
    ])('G5: resets with reason %s', async (reason, after, _what) => {
      const mine = repository();
      const { position } = await openLive({ repository: mine });
      const [epoch, head] = position.split('-');
      const asked = after.replace('HEAD+1000', `${epoch}-${Number(head) + 1000}`);
      const client = await open({ repository: mine, after: asked });
      const reset = await client.inbox.until(of('reset'));
      expect(reset).toMatchObject({ reason, floor: `${epoch}-0` });
      expect(reset.position).toMatch(new RegExp(`^${epoch}-`));
      // The stream goes on from where it said.
      await push(`${mine}:1`);
      expect(await tags(client, 1)).toEqual(['1']);
    });
  });

  describe('replay and live', () => {
    it('G3: meet without gap or duplicate while changes pour in', async () => {
      const mine = repository();
      const start = await openLive({ repository: mine });
      const total = 600;
      let published = 0;
      const pour = async () => {
        for (; published < total; published += 4) {
          await push(...[0, 1, 2, 3].map((n) => `${mine}:t${published + n}`));
        }
      };
      const pouring = pour();
      const joiners: StreamClient[] = [];
      for (let n = 0; n < 6; n++) {
        joiners.push(await open({ repository: mine, after: start.position, pace: 'none' }));
        const target = Math.floor(((n + 1) * total) / 8);
        await start.inbox.until(
          (message) => message.kind === 'change' && message.change.tag === `t${target}`,
        );
      }
      await pouring;
      const expected = Array.from({ length: total }, (_, n) => `t${n}`);
      for (const joiner of joiners) expect(await tags(joiner, total)).toEqual(expected);
    }, 60_000);
  });

  describe('shape', () => {
    it('G6: the bytes of a change are the same for all subscribers', async () => {
      const mine = repository();
      const live = [await openLive({ repository: mine }), await openLive({ repository: `${mine}**` })];
      await push(`${mine}:1`);
      const late = await open({ repository: mine, since: '2020-01-01T00:00:00Z' });
      const texts = await Promise.all(
        [...live, late].map(async (client) => (await client.inbox.until(of('change'))).text),
      );
      expect(new Set(texts).size).toBe(1);
    });

    it('gives CloudEvents 1.0 with format=cloudevents', async () => {
      const mine = repository();
      const client = await openLive({ repository: mine, format: 'cloudevents' });
      await push(`${mine}:1`);
      const { change, resume } = await client.inbox.until(of('change'));
      expect(change).toMatchObject({
        specversion: '1.0',
        id: resume,
        type: 'io.manifeed.tag.created',
        source: `//${mine}`,
        datacontenttype: 'application/json',
        data: { position: resume, tag: '1' },
      });
    });
  });

  describe('refusals', () => {
    it.each<[string, Params]>([
      ['repository', { repository: 'UPPER/case' }],
      ['repository', { repository: 'r.test/app:1.27' }],
      ['repository', { repository: Array.from({ length: 1_001 }, (_, n) => `r.test/${n}`) }],
      ['repository', { repository: `r.test/${'**'.repeat(200)}a` }],
      ['tag', { tag: 'semver:not a range' }],
      ['tag', { tag: 'sp ace' }],
      ['type', { type: 'tag.renamed' }],
      ['after', { after: 'yesterday' }],
      ['since', { since: 'yesterday' }],
      ['since', { since: '2999-01-01T00:00:00Z' }],
      ['pace', { pace: 'fast' }],
      ['format', { format: 'xml' }],
      ['conflate', { conflate: 'perhaps' }],
      ['repo', { repo: 'nginx' }],
    ])('G13: names %s where it is wrong (case %#)', async (parameter, params) => {
      const refusal = await refused(params);
      expect(refusal).toMatchObject({ status: 400, code: 'PARAMETER_INVALID' });
      const named = parameter === 'type' ? road.typeParameter : parameter;
      expect([parameter, named]).toContain(refusal.detail?.parameter);
    });
  });

  describe('access', () => {
    it('refuses without a token, and with a wrong one', async () => {
      expect(await refused({}, { token: 'wrong' })).toMatchObject({ status: 401, code: 'UNAUTHORIZED' });
    });

    it('takes a token as the password of Basic, whoever the user is', async () => {
      const basic = (token: string) => ({
        headers: { Authorization: `Basic ${Buffer.from(`someone:${token}`).toString('base64')}` },
      });
      const mine = repository();
      const client = await openLive({ repository: mine }, basic('t-all'));
      await push(`${mine}:1`);
      expect(await tags(client, 1)).toEqual(['1']);
      expect(await refused({}, basic('wrong'))).toMatchObject({ status: 401, code: 'UNAUTHORIZED' });
    });

    it('G7: refuses an exact repository that the token does not allow', async () => {
      expect(await refused({ repository: 'r.test/other' }, { token: 't-team' })).toMatchObject({
        status: 403,
        code: 'DENIED',
        detail: { parameter: 'repository' },
      });
    });

    it('G7: narrows globs to what the token allows, live and replayed', async () => {
      const mine = `team/app${++scenario}`;
      const client = await openLive({ repository: 'r.test/**' }, { token: 't-team' });
      await push(`r.test/secret:${scenario}`, `r.test/${mine}:1`, `r.test/shared:${scenario}`);
      expect((await changes(client, 2)).map((change) => change.repository)).toEqual([mine, 'shared']);
      const late = await open(
        { since: '2020-01-01T00:00:00Z', tag: [`${scenario}`, '1'] },
        { token: 't-team' },
      );
      const seen = await changes(late, 2);
      expect(seen.every((change) => /^(team\/|shared)/.test(change.repository))).toBe(true);
    });

    it('refuses pace=none where the token does not allow it', async () => {
      expect(await refused({ pace: 'none' }, { token: 't-team' })).toMatchObject({
        status: 403,
        code: 'DENIED',
        detail: { parameter: 'pace' },
      });
    });

    it('G15: tokens are never logged', async () => {
      await refused({}, { token: 'wrong-and-secret' });
      await fetch(`${gateway.url}/v1/nowhere?access_token=t-all`);
      await fetch(`${gateway.url}/v1/events?access_token=wrong-and-secret&after=nonsense`);
      for (const token of ['t-all', 't-team', 'wrong-and-secret'])
        expect(gateway.logs()).not.toContain(token);
    });
  });

  if (road.lasting) lastingContract(() => ({ gateway, open, openLive, push, repository, tags }));
}
