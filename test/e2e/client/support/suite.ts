/** What every transport of the client does, wherever it runs. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { TransportName } from '../../../../client/src/index.ts';
import { freePort } from '../../../support/free-port.ts';
import { digest, type GatewayProcess, publish, spawnGateway } from '../../../support/gateway.ts';
import { until } from '../../../support/until.ts';
import { type Line, openLine } from './line.ts';
import type { Followed, FollowOptions, Runner, Told } from './runner.ts';

const transports: readonly TransportName[] = ['websocket', 'sse', 'long-poll'];
const token = 'token-of-the-client';
const repository = 'r.test/app';

/** Runs the suite. @param open starts the place where the client runs */
export function testClient(open: () => Promise<Runner>): void {
  const folder = mkdtempSync(join(tmpdir(), 'manifeed-client-suite-'));
  let runner: Runner;
  let port: number;
  let gateway: GatewayProcess;
  let line: Line;
  const opened: Followed[] = [];

  beforeAll(async () => {
    runner = await open();
    port = await freePort();
    await start();
    line = await openLine(port);
  });
  afterEach(async () => {
    for (const each of opened.splice(0)) await each.close();
    line.refuse(null);
  });
  afterAll(async () => {
    await line?.close();
    await runner?.close();
    await gateway?.stop('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });

  async function start(tokens: readonly string[] = [token]): Promise<void> {
    gateway = await spawnGateway({
      port,
      settings: {
        ledger: `sqlite:${join(folder, 'manifeed.db')}`,
        access: tokens.map((each) => ({ name: each, sha256: digest(each).slice(7) })),
        cors: { origins: runner.origin === null ? [] : [runner.origin] },
        // Not less: a busy machine must not make a line look silent.
        limits: { heartbeatInterval: '2s' },
        log: { level: 'debug' },
      },
    });
  }

  async function follow(
    options: Partial<FollowOptions> & Pick<FollowOptions, 'transport'>,
  ): Promise<Followed> {
    const followed = await runner.follow({
      url: line.url,
      filter: { repository },
      tokens: [token],
      ...options,
    });
    opened.push(followed);
    return followed;
  }

  /** Over each transport. */
  const followEach = (options: Partial<FollowOptions> = {}) =>
    Promise.all(transports.map((transport) => follow({ ...options, transport })));

  const push = (...tags: readonly string[]) =>
    publish(
      port,
      tags.map((tag) => ({ reference: `${repository}:${tag}`, digest: digest(`${tag} ${Math.random()}`) })),
    );
  const hears = (followed: Followed, what: string, fits: (told: Told) => boolean) =>
    until(what, async () => fits(await followed.told()), 60_000);
  const isReady = (followed: Followed, times = 1) =>
    hears(followed, 'ready', ({ events }) => events.filter(({ kind }) => kind === 'ready').length >= times);
  const tagsOf = ({ events }: Told) =>
    events.flatMap((event) => (event.kind === 'change' ? [event.change.tag] : []));
  const hasTags = (followed: Followed, ...tags: readonly string[]) =>
    hears(followed, tags.join(), (told) => tags.every((tag) => tagsOf(told).includes(tag)));

  it('G8: gives what there is, then what happens, and over each transport the same changes', async () => {
    await push('base');
    const all = await followEach({ filter: { repository, snapshot: true } });
    for (const each of all) await isReady(each);
    await push('live');
    for (const each of all) await hasTags(each, 'live');
    const lists = await Promise.all(all.map(async (each) => (await each.told()).events));
    for (const events of lists) {
      const kinds = events.map(({ kind }) => kind);
      expect(kinds[0]).toBe('snapshot');
      expect(kinds.slice(1, kinds.indexOf('ready'))).toEqual(kinds.filter((kind) => kind === 'state'));
      const base = events.find((event) => event.kind === 'state' && event.row.tag === 'base');
      expect(base).toMatchObject({ row: { registry: 'r.test', repository: 'app' } });
    }
    const [first, ...others] = lists.map((events) => events.filter(({ kind }) => kind === 'change'));
    for (const other of others) expect(other).toEqual(first);
  });

  it('G1: resumes without a gap after kill -9 and after a drain, and says how it is', async () => {
    const all = await followEach();
    for (const each of all) await isReady(each);
    await push('1');
    for (const each of all) await hasTags(each, '1');
    await gateway.stop('SIGKILL');
    for (const each of all)
      await hears(each, 'waiting', ({ statuses }) => statuses.at(-1)?.state === 'waiting');
    await start();
    await push('2');
    for (const each of all) await hasTags(each, '2');
    for (const each of all) await isReady(each, 2);
    await gateway.stop('SIGTERM');
    await start();
    await push('3', '4');
    for (const each of all) await hasTags(each, '3', '4');
    for (const each of all) {
      const told = await each.told();
      expect(tagsOf(told)).toEqual(['1', '2', '3', '4']);
      expect(told.events.some(({ kind }) => kind === 'reset')).toBe(false);
      expect(told.statuses.map(({ state }) => state)).toContain('live');
    }
    expect(gateway.output()).not.toContain(token);
  });

  it.each(transports)('G1: begins after a position that was saved: %s', async (transport) => {
    const before = await follow({ transport });
    await isReady(before);
    await push('kept');
    await hasTags(before, 'kept');
    const { events } = await before.told();
    const [saved = ''] = events.flatMap((event) => (event.kind === 'change' ? [event.resume] : []));
    await before.close();
    await push('missed');
    const after = await follow({ transport, after: saved });
    await hasTags(after, 'missed');
    expect(tagsOf(await after.told())).toEqual(['missed']);
  });

  it.each(transports)(
    'G5: tells a reset as a value; with a snapshot it takes a new one: %s',
    async (transport) => {
      const after = 'zzzzzzzz-7';
      await push('row');
      const plain = await follow({ transport, after });
      const snapshot = await follow({ transport, after, filter: { repository, snapshot: true } });
      for (const each of [plain, snapshot]) await isReady(each);
      await push('after-reset');
      for (const each of [plain, snapshot]) await hasTags(each, 'after-reset');
      const kinds = async (each: Followed) => [
        ...new Set((await each.told()).events.map(({ kind }) => kind)),
      ];
      expect(await kinds(plain)).toEqual(['reset', 'ready', 'change']);
      expect(await kinds(snapshot)).toEqual(['reset', 'snapshot', 'state', 'ready', 'change']);
      const [reset] = (await plain.told()).events;
      expect(reset).toMatchObject({ reason: 'epoch', floor: expect.any(String) });
    },
  );

  it('comes back over a line that is cut, and over one that falls silent', async () => {
    const all = await followEach();
    for (const each of all) await isReady(each);
    line.cut();
    await push('cut');
    for (const each of all) await hasTags(each, 'cut');
    // A long-poll may wait 50 s for an answer, and a browser repeats its request without saying so.
    const [longPoll, ...streams] = all.toReversed();
    await longPoll?.close();
    for (const each of streams) await isReady(each, 2);
    line.freeze(/^GET \/v1\/(?:socket|events)/);
    await push('frozen');
    for (const each of streams) {
      await hasTags(each, 'frozen');
      const { statuses } = await each.told();
      const reasons = statuses.flatMap((status) => (status.state === 'waiting' ? [status.why.code] : []));
      expect(reasons).toEqual(['NETWORK', 'TIMEOUT']);
    }
  });

  it.each(transports)('asks once more for a token that is refused, and then ends: %s', async (transport) => {
    const lucky = await follow({ transport, tokens: ['old', token] });
    await isReady(lucky);
    expect((await lucky.told()).asked).toBe(2);
    const unlucky = await follow({ transport, tokens: ['old', 'older'] });
    await hears(unlucky, 'the end', ({ ended }) => ended !== null);
    const { ended, asked, statuses } = await unlucky.told();
    expect([ended?.code, asked]).toEqual(['UNAUTHORIZED', 2]);
    expect(statuses.at(-1)).toMatchObject({ state: 'closed', error: { code: 'UNAUTHORIZED' } });
  });

  it('takes a changed token when the gateway no longer knows the old one', async () => {
    const all = await followEach({ tokens: [token, 'new-token'] });
    for (const each of all) await isReady(each);
    await gateway.stop('SIGKILL');
    await start(['new-token']);
    await push('changed-token');
    for (const each of all) await hasTags(each, 'changed-token');
    await gateway.stop('SIGKILL');
    await start();
  });

  it.each(transports)('ends with the reason if the gateway refuses for good: %s', async (transport) => {
    const followed = await follow({ transport, filter: { repository: 'a b' } });
    await hears(followed, 'the end', ({ ended }) => ended !== null);
    expect((await followed.told()).ended).toMatchObject({
      ...{ code: 'PARAMETER_INVALID', detail: { parameter: 'repository' }, retryable: false },
    });
  });

  it('keeps a table true over changes, deletions and a restart', async () => {
    await push('row', 'gone');
    const all = await followEach({ table: true });
    const gone = `${repository}:gone`;
    for (const each of all) await hears(each, 'rows', ({ rows }) => rows?.[gone] !== undefined);
    await publish(port, [{ reference: gone, action: 'delete' }]);
    for (const each of all) await hears(each, 'a deletion', ({ rows }) => rows?.[gone] === undefined);
    await gateway.stop('SIGKILL');
    await start();
    const moved = digest('moved while away');
    await publish(port, [{ reference: `${repository}:row`, digest: moved }]);
    for (const each of all)
      await hears(each, 'a move', ({ rows }) => rows?.[`${repository}:row`]?.digest === moved);
  });

  it('goes on to the next transport where one does not come through, and stays there', async () => {
    line.refuse(/^GET \/v1\/socket/);
    const followed = await follow({ transport: 'auto' });
    await isReady(followed);
    const names = async () =>
      (await followed.told()).statuses.flatMap((status) =>
        status.state === 'connecting' ? [status.transport] : [],
      );
    expect(await names()).toEqual(['websocket', 'websocket', 'sse']);
    line.refuse(null);
    line.cut();
    await push('stays');
    await hasTags(followed, 'stays');
    expect(await names()).toEqual(['websocket', 'websocket', 'sse', 'sse']);
  });

  it('stays with WebSocket while the gateway is away', async () => {
    const followed = await follow({ transport: 'auto' });
    await isReady(followed);
    await gateway.stop('SIGKILL');
    const waits = ({ statuses }: Told) => statuses.filter(({ state }) => state === 'waiting').length;
    await hears(followed, 'three attempts', (told) => waits(told) >= 3);
    await start();
    await followed.reconnect();
    await isReady(followed, 2);
    expect((await followed.told()).statuses.at(-1)).toEqual({ state: 'live', transport: 'websocket' });
  });
}
