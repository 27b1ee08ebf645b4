import type { PendingObservation, Turn } from '../../event/observation.ts';
import { isStoredRepository } from '../../event/stored-repository.ts';
import { asCount, asList, asText } from '../../redis/reply.ts';
import { readPending } from '../pending-codec.ts';
import { waitedMs } from '../turns.ts';

/** What a claim leased. */
export interface Claimed<Pending> {
  readonly pending: readonly Pending[];
  /** What no gateway can have stored. If it stayed, it would come back after each lease. */
  readonly damaged: readonly { readonly id: string; readonly text: string }[];
}

/** @param reply ids, each followed by its observation */
export function readClaim(reply: readonly unknown[]): Claimed<PendingObservation> {
  const pending: PendingObservation[] = [];
  const damaged: { readonly id: string; readonly text: string }[] = [];
  for (let i = 0; i + 1 < reply.length; i += 2) {
    const [id = '', text = ''] = reply.slice(i, i + 2).map(asText);
    const observation = readPending(text);
    const isSound = observation !== null && isStoredRepository(observation.registry, observation.repository);
    if (isSound) pending.push({ id, observation });
    else damaged.push({ id, text });
  }
  return { pending, damaged };
}

/** @param reply the stamp, then as `readClaim` */
export function readTurns(reply: unknown): Claimed<Turn> {
  const [stamp, ...claimed] = asList(reply);
  const now = asCount(stamp);
  const { pending, damaged } = readClaim(claimed);
  const turns = pending.map((each) => ({ ...each, waitedMs: waitedMs(each.observation, now) }));
  return { pending: turns, damaged };
}
