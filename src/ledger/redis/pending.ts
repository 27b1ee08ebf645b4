import type { Redis } from 'ioredis';
import type { Deferred, PendingObservation, Turn } from '../../event/observation.ts';
import { repositoryKey } from '../../event/reference.ts';
import { isStoredRepository } from '../../event/stored-repository.ts';
import { asCount, asList, asText } from '../../redis/reply.ts';
import { readPending } from '../pending-codec.ts';
import type { TagName } from '../queries.ts';
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

/**
 * What waits for its turn and came last of each tag; null: nothing does.
 *
 * @param prefix of the ledger's keys; `lua/turns.lua` says what they hold
 */
export async function newestTurns(
  client: Redis,
  prefix: string,
  names: readonly TagName[],
): Promise<readonly (Deferred | null)[]> {
  const members = await Promise.all(
    names.map((name) => {
      const head = `${repositoryKey(name)} ${name.tag}`;
      return client.zrange(`${prefix}turns`, `(${head}!`, `[${head} `, 'BYLEX', 'REV', 'LIMIT', 0, 1);
    }),
  );
  return Promise.all(
    members.map(async ([member = '']) => {
      const id = member.split(' ')[3];
      const text = id === undefined ? null : await client.hget(`${prefix}pending`, id);
      return text === null ? null : readPending(text);
    }),
  );
}

/** @param reply the stamp, then as `readClaim` */
export function readTurns(reply: unknown): Claimed<Turn> {
  const [stamp, ...claimed] = asList(reply);
  const now = asCount(stamp);
  const { pending, damaged } = readClaim(claimed);
  const turns = pending.map((each) => ({ ...each, waitedMs: waitedMs(each.observation, now) }));
  return { pending: turns, damaged };
}
