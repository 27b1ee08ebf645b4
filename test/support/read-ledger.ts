/** Reads the whole ledger from a gateway, as a client does. */
import { poll } from './long-poll-client.ts';
import { openSse } from './sse-client.ts';
import { of, type WireChange } from './stream-client.ts';

export const sequenceOf = ({ position }: WireChange) => Number(position.split('-')[1]);

export async function headOf(port: number): Promise<string> {
  const { next } = await poll(port, '/v2/updates?type=*&n=1');
  return new URL(next ?? '', 'http://localhost').searchParams.get('after') ?? '';
}

/** The changes that a late subscriber would read, from the beginning or after a position. */
export async function readLog(port: number, from?: string, filter = '&type=*'): Promise<WireChange[]> {
  const head = await headOf(port);
  const changes: WireChange[] = [];
  let after = from ?? `${head.split('-')[0]}-0`;
  while (after !== head) {
    const answer = await poll(port, `/v2/updates?n=1000&after=${after}&pace=none${filter}`);
    if (answer.status !== 200 || answer.next === null)
      throw new Error(`read the ledger after ${after}: ${answer.status} ${answer.body.slice(0, 300)}`);
    changes.push(...(JSON.parse(answer.body) as WireChange[]));
    const next = new URL(answer.next, 'http://localhost').searchParams.get('after') ?? '';
    if (next === after) throw new Error(`read the ledger after ${after}: no more, must reach ${head}`);
    after = next;
  }
  return changes;
}

/** What the tags of these repositories point at, by `host/name:tag`. */
export async function stateOf(
  port: number,
  repositories: readonly string[],
): Promise<Map<string, string | null>> {
  const state = new Map<string, string | null>();
  for (const repository of repositories) {
    const client = await openSse(port, { repository, snapshot: 'true' });
    await client.inbox.until(of('ready'));
    for (const message of client.inbox.seen)
      if (message.kind === 'state') state.set(`${repository}:${message.state.tag}`, message.state.digest);
    client.close();
  }
  return state;
}
