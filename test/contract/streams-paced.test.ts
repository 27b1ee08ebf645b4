/** What holds while the pace holds changes back, over every transport that lasts and both roads. */
import { afterEach, describe, expect, it } from 'vitest';
import { digest, type Gateway, startGateway } from '../support/gateway.ts';
import { type Message, of, type Params, type StreamClient } from '../support/stream-client.ts';
import { roads } from './stream-roads.ts';

const tags = 5;
const moves = 6;
const crowd = 12;
const repository = 'r.test/app';

let gateway: Gateway;
const opened: StreamClient[] = [];
afterEach(async () => {
  for (const client of opened.splice(0)) client.close();
  await gateway.close();
});

const sequenceOf = (position: string) => Number(position.split('-')[1]);
type ChangeMessage = Extract<Message, { kind: 'change' }>;

/** Changes of one tag come in the order in which they happened, each the first time it is seen. */
function expectOrderPerTag(messages: readonly ChangeMessage[]): void {
  const last = new Map<string | null, number>();
  const seen = new Set<string>();
  for (const { change } of messages) {
    if (seen.has(change.position)) continue;
    seen.add(change.position);
    const sequence = sequenceOf(change.position);
    expect(sequence).toBeGreaterThan(last.get(change.tag) ?? 0);
    last.set(change.tag, sequence);
  }
}

/** Everything at or before a resume position has been delivered by then. */
function expectSafeResumes(messages: readonly ChangeMessage[]): void {
  const delivered = new Set<number>();
  for (const { change, resume } of messages) {
    delivered.add(sequenceOf(change.position));
    for (let sequence = 1; sequence <= sequenceOf(resume); sequence++) {
      expect(delivered.has(sequence), `${resume} passes ${sequence}`).toBe(true);
    }
  }
}

describe.each(roads.filter((road) => road.lasting))('$name', (road) => {
  async function start(params: Params = {}): Promise<StreamClient[]> {
    gateway = await startGateway({
      pace: { deliveriesPerSecond: 300, burst: 0 },
      limits: { heartbeatInterval: '1s' },
    });
    const clients: StreamClient[] = [];
    for (let n = 0; n < crowd; n++) {
      const client = await road.open(gateway.port, { repository, ...params });
      opened.push(client);
      clients.push(client);
      await client.inbox.until(of('ready'));
    }
    return clients;
  }

  /** Every tag moves `moves` times, all in one delivery: far more than the pace lets out at once. */
  async function pushAll(): Promise<void> {
    const entries = [];
    for (let move = 0; move < moves; move++) {
      for (let tag = 0; tag < tags; tag++) {
        entries.push({ reference: `${repository}:t${tag}`, digest: digest(`t${tag} ${move}`) });
      }
    }
    await gateway.publish(...entries);
  }

  it('G2: order per tag holds, and G4: no resume position passes what is still held back', async () => {
    const clients = await start();
    await pushAll();
    for (const client of clients) {
      const messages = await client.inbox.take(tags * moves, of('change'));
      expectOrderPerTag(messages);
      expectSafeResumes(messages);
    }
    // Once nothing is held back, the bookmark is the head.
    for (const client of clients) {
      await client.inbox.until(
        (message) => message.kind === 'bookmark' && sequenceOf(message.position) === tags * moves,
      );
    }
  });

  it('G1: who is cut off while changes are held back misses none after resuming', async () => {
    const clients = await start();
    await pushAll();
    for (const [index, client] of clients.entries()) {
      const before = await client.inbox.take(1 + index * 2, of('change'));
      client.close();
      const again = await road.open(gateway.port, { repository, after: before.at(-1)?.resume ?? '' });
      opened.push(again);
      const all = [...before];
      while (new Set(all.map(({ change }) => change.position)).size < tags * moves) {
        all.push(await again.inbox.until(of('change')));
      }
      expectOrderPerTag(all);
    }
  });

  it('G2: conflate=true gives only the newest of a tag, in the earlier slot, and ends in the true state', async () => {
    const clients = await start({ conflate: 'true' });
    await pushAll();
    const last = digest(`t${tags - 1} ${moves - 1}`);
    for (const client of clients) {
      const messages: ChangeMessage[] = [];
      const state = new Map<string | null, string | null>();
      while (
        ![...Array(tags).keys()].every((tag) => state.get(`t${tag}`) === digest(`t${tag} ${moves - 1}`))
      ) {
        const message = await client.inbox.until(of('change'));
        messages.push(message);
        state.set(message.change.tag, message.change.digest);
      }
      expectOrderPerTag(messages);
      expect(messages.length).toBeLessThan(tags * moves);
      expect(state.get(`t${tags - 1}`)).toBe(last);
    }
  });
});
