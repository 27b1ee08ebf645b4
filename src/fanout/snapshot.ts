import { repositoryKey } from '../event/reference.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Deliverer } from './deliverer.ts';
import { judgeRepository } from './judge.ts';
import type { Subscriber, SubscriptionRequest } from './subscriber.ts';
import type { Turns } from './turns.ts';

interface SnapshotParts {
  readonly ledger: Pick<Ledger, 'listTags'>;
  readonly turns: Turns;
  readonly deliverer: Deliverer;
}

type Page = Awaited<ReturnType<Ledger['listTags']>>;

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
  const { patterns, repositories } = filter;
  const query = { ...(patterns.length > 0 ? {} : { within: { repositories } }), limit: pageSize };
  const work = parts.turns.newWork();
  let after: Page['next'] = null;
  do {
    await (parts.turns.take() ?? undefined);
    const page: Page = await parts.ledger.listTags(after === null ? query : { ...query, after });
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
    after = page.next;
  } while (after !== null);
}
