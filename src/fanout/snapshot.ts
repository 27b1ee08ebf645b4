import { repositoryKey } from '../event/reference.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Deliverer } from './deliverer.ts';
import { judgeRepository } from './judge.ts';
import type { Subscriber, SubscriptionRequest } from './subscriber.ts';
import type { Turns } from './turns.ts';

interface SnapshotParts {
  readonly ledger: Pick<Ledger, 'tags'>;
  readonly turns: Turns;
  readonly deliverer: Deliverer;
}

const pageSize = 500;
/** What a row costs besides its globs. */
const stepsPerRow = 10;

/** Sends the current state of the matching tags, in bounded pages and no faster than the socket drains. */
export async function sendSnapshot(
  subscriber: Subscriber,
  { filter, id }: SubscriptionRequest,
  isCancelled: () => boolean,
  parts: SnapshotParts,
): Promise<void> {
  const narrowed = filter.patterns.length > 0 ? {} : { repositories: filter.repositories };
  const work = parts.turns.newWork();
  let cursor: string | null = null;
  do {
    await (parts.turns.take() ?? undefined);
    const query = cursor === null ? narrowed : { ...narrowed, cursor };
    const page: Awaited<ReturnType<Ledger['tags']>> = await parts.ledger.tags({ ...query, limit: pageSize });
    parts.turns.spend(page.tags.length);
    for (const tag of page.tags) {
      const key = repositoryKey(tag);
      work.steps += stepsPerRow + filter.tagConditions;
      if (work.steps >= work.limit) await (parts.turns.pay(work) ?? undefined);
      if (!subscriber.grant.allows(key)) continue;
      const pending = judgeRepository(filter, key, { work, turns: parts.turns, isCancelled });
      if (pending !== null) await pending;
      if (isCancelled()) return;
      if (!filter.matchesRepository(key) || !filter.matchesTag(tag.tag)) continue;
      while (subscriber.blockedAt > 0 && !isCancelled()) await subscriber.sleep();
      if (isCancelled()) return;
      parts.deliverer.tell(subscriber, { kind: 'state', id, tag });
    }
    cursor = page.cursor;
  } while (cursor !== null);
}
