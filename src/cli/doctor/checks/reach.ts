/** Whether the gateway answers and is ready, and whether the clocks agree. */
import { FeedError } from '../../../../client/src/index.ts';
import { type Finding, failed, fine } from '../finding.ts';
import type { Means } from '../means.ts';
import { Tap } from '../tap.ts';
import { frontTrouble, troubleOf } from '../trouble.ts';
import { judgeClock } from './clock.ts';
import { answerOrError, question } from './question.ts';

/** Yields what it finds. @returns whether a gateway answers, so that more can be asked */
export async function* reach(means: Means): AsyncGenerator<Finding, boolean> {
  const { connection, clock } = means;
  const tap = new Tap(means);
  const asking = { connection, clock, fetch: tap.fetch };
  const alive = await answerOrError(question(asking, '/healthz', { token: null }));
  if (alive instanceof FeedError) {
    const { text, remedy, docs = null } = troubleOf(alive);
    yield failed('gateway', text, remedy, { docs });
    return false;
  }
  const { head } = tap;
  const ready = await answerOrError(question(asking, '/readyz', { token: null }));
  if (ready instanceof FeedError) yield notReady(ready);
  else yield fine('gateway', 'it answers, and is ready');
  if (head !== null && head.dateMs !== null)
    yield judgeClock({ ...head, toldMs: head.dateMs, precisionMs: 1_000 }, 'answering server');
  return true;
}

function notReady(error: FeedError): Finding {
  const front = frontTrouble(error);
  if (front !== null) {
    const { text, remedy, ...more } = front;
    return failed('gateway', `it answers, but does not say whether it is ready: ${text}`, remedy, more);
  }
  const { code, message } = error;
  const remedy =
    code === 'DRAINING'
      ? 'It is shutting down: ask another gateway, or this one when it runs again'
      : 'Give its disk room, or see that its Redis answers: webhooks get 503 meanwhile';
  const docs = 'docs/operating.md#what-should-i-look-at-when';
  return failed('gateway', `it answers, but is not ready: ${message}`, remedy, { docs });
}
