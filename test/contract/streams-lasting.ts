/** The part of the suite that only transports with a lasting connection can pass. */
import { describe, expect, it } from 'vitest';
import { digest, type Gateway } from '../support/gateway.ts';
import { type Message, of, type Params, type StreamClient } from '../support/stream-client.ts';

export interface World {
  readonly gateway: Gateway;
  open(params: Params): Promise<StreamClient>;
  openLive(params: Params): Promise<StreamClient & { readonly position: string }>;
  push(...references: string[]): Promise<void>;
  repository(): string;
  tags(client: StreamClient, count: number): Promise<readonly (string | null)[]>;
}

/** What only a connection that lasts can do. */
export function lastingContract(world: () => World): void {
  describe('snapshots', () => {
    it('G8: snapshot=true gives the state of the matching tags, then ready, then changes', async () => {
      const { push, open, repository, tags } = world();
      const mine = repository();
      await push(`${mine}:1=a`, `${mine}:2`, `${mine}:other`, `${mine}:1=b`);
      const client = await open({ repository: mine, tag: ['1', '2'], snapshot: 'true' });
      const states = await client.inbox.take(2, of('state'));
      expect(states.map(({ state }) => [state.tag, state.digest])).toEqual([
        ['1', digest('b')],
        ['2', digest(`${mine}:2`)],
      ]);
      await client.inbox.until(of('ready'));
      await push(`${mine}:1=c`);
      expect(await tags(client, 1)).toEqual(['1']);
    });

    it('G8: a snapshot taken while changes pour in, and the changes after it, end in the true state', async () => {
      const { push, open, repository } = world();
      const mine = repository();
      const rounds = 60;
      const pour = async () => {
        for (let n = 0; n < rounds; n++) await push(`${mine}:1=${n}`, `${mine}:2=${n}`);
      };
      const pouring = pour();
      const client = await open({ repository: mine, snapshot: 'true', pace: 'none' });
      await pouring;
      await push(`${mine}:end`);
      const state = new Map<string, string | null>();
      for (;;) {
        const message = await client.inbox.next();
        if (message.kind === 'state') state.set(message.state.tag, message.state.digest);
        if (message.kind !== 'change') continue;
        if (message.change.tag === 'end') break;
        state.set(message.change.tag ?? '', message.change.digest);
      }
      const last = digest(String(rounds - 1));
      expect([...state].filter(([tag]) => tag !== 'end').sort()).toEqual([
        ['1', last],
        ['2', last],
      ]);
    }, 60_000);

    it('G8: no snapshot where a position is resumed', async () => {
      const { push, open, openLive, repository } = world();
      const mine = repository();
      await push(`${mine}:1`);
      const { position } = await openLive({ repository: mine });
      const client = await open({ repository: mine, snapshot: 'true', after: position });
      await client.inbox.until(of('ready'));
      expect(client.inbox.seen.some((message) => message.kind === 'state')).toBe(false);
    });
  });

  it('G9: a quiet subscription gets bookmarks that can be resumed after', async () => {
    const { push, open, openLive, repository, tags } = world();
    const mine = repository();
    const client = await openLive({ repository: mine });
    await push(`${mine}-elsewhere:1`, `${mine}-elsewhere:2`);
    const sequenceOf = (position: string) => Number(position.split('-')[1]);
    const bookmark = await client.inbox.until(
      (message): message is Extract<Message, { kind: 'bookmark' }> =>
        message.kind === 'bookmark' && sequenceOf(message.position) >= sequenceOf(client.position) + 2,
    );
    client.close();
    await push(`${mine}:1`);
    const resumed = await open({ repository: mine, after: bookmark.position });
    expect(await tags(resumed, 1)).toEqual(['1']);
  });

  it('says ready once the past is told', async () => {
    const { push, open, openLive, repository } = world();
    const mine = repository();
    const { position } = await openLive({ repository: mine });
    await push(`${mine}:1`, `${mine}:2`);
    const client = await open({ repository: mine, after: position });
    const ready = await client.inbox.until(of('ready'));
    // Heartbeats may stand anywhere between.
    const kinds = client.inbox.seen.map((message) => message.kind).filter((kind) => kind !== 'bookmark');
    expect(kinds.filter((kind) => kind !== 'other')).toEqual(['change', 'change', 'ready']);
    expect(ready.position).toMatch(/^[0-9a-z]{8}-\d+$/);
  });
}
