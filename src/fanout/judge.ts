/**
 * Finds the wanted frames of a page, in parts: 256 changes and a filter of a thousand globs make a quarter of a
 * million matches. Takes turns with all other catch-ups, and stops when the client has left.
 */
import type { Filter } from '../event/filter.ts';
import type { Work } from '../event/glob.ts';
import type { Grant } from '../event/grant.ts';
import type { Frame } from './frame.ts';
import type { Turns } from './turns.ts';

/** Whose frames are judged, and how. */
export interface Judged {
  readonly grant: Grant;
  /** The filters that `wants` uses. */
  readonly filters: readonly Filter[];
  /** Called only for frames that the grant allows, after their repository is judged. */
  wants(frame: Frame): boolean;
  /** Whether the client has left. */
  isCancelled(): boolean;
}

/** What a frame costs besides its globs. */
const stepsPerFrame = 10;

/** @returns the wanted frames, in order; arbitrary ones if the client left meanwhile */
export async function judgeFrames(
  frames: readonly Frame[],
  judged: Judged,
  turns: Turns,
): Promise<readonly Frame[]> {
  const wanted: Frame[] = [];
  const work = turns.newWork();
  for (const frame of frames) {
    work.steps += stepsPerFrame;
    if (judged.grant.allows(frame.key)) {
      for (const filter of judged.filters) {
        const pending = judgeRepository(filter, frame.key, { work, turns, isCancelled: judged.isCancelled });
        if (pending !== null) await pending;
        if (judged.isCancelled()) return wanted;
        work.steps += filter.tagConditions + filter.platforms.length;
      }
      if (judged.wants(frame)) wanted.push(frame);
    }
    if (work.steps >= work.limit) await (turns.pay(work) ?? undefined);
    if (judged.isCancelled()) return wanted;
  }
  turns.pay(work);
  return wanted;
}

interface Turning {
  readonly work: Work;
  readonly turns: Turns;
  isCancelled(): boolean;
}

/** Null: `filter.matchesRepository` knows the answer; otherwise resolves when it does, or the client has left. */
export function judgeRepository(filter: Filter, key: string, turning: Turning): Promise<void> | null {
  const next = filter.judgeRepository(key, 0, turning.work);
  return next === null ? null : judgeOn(filter, key, next, turning);
}

async function judgeOn(
  filter: Filter,
  key: string,
  from: number,
  { work, turns, isCancelled }: Turning,
): Promise<void> {
  for (let next: number | null = from; next !== null; next = filter.judgeRepository(key, next, work)) {
    await (turns.pay(work) ?? undefined);
    if (isCancelled()) return;
  }
}
