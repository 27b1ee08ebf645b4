/** Whether the gateway answers and is ready, and whether the clocks agree. */
import { FeedError } from '../../../../client/src/index.ts';
import { type Finding, failed, fine } from '../finding.ts';
import type { Patient } from '../patient.ts';
import { Tap } from '../tap.ts';
import { troubleOf } from '../trouble.ts';
import { judgeClock } from './clock.ts';
import { answerOrError, question } from './question.ts';

/** Yields what it finds. @returns whether a gateway answers, so that more can be asked */
export async function* reach(patient: Patient): AsyncGenerator<Finding, boolean> {
  const { connection, clock } = patient;
  const tap = new Tap(patient);
  const asking = { connection, clock, fetch: tap.fetch };
  const alive = await answerOrError(question(asking, '/healthz', { token: null }));
  if (alive instanceof FeedError) {
    const { text, cure, docs = null } = troubleOf(alive);
    yield failed('gateway', text, cure, { docs });
    return false;
  }
  const { head } = tap;
  if (head !== null && head.dateMs !== null)
    yield judgeClock({ ...head, toldMs: head.dateMs, precisionMs: 1_000 }, "the answering server's");
  const ready = await answerOrError(question(asking, '/readyz', { token: null }));
  if (ready instanceof FeedError) yield notReady(ready);
  else yield fine('gateway', 'it answers, and is ready');
  return true;
}

function notReady({ code, message }: FeedError): Finding {
  const cure =
    code === 'DRAINING'
      ? 'It is shutting down: ask another gateway, or this one when it runs again'
      : 'Give its disk room, or see that its Redis answers: webhooks get 503 meanwhile';
  const docs = 'docs/operating.md#what-should-i-look-at-when';
  return failed('gateway', `it answers, but is not ready: ${message}`, cure, { docs });
}
