/** What the screen says of what an operator can do with a target. Pure. */
import type { Target } from '../../gateway/targets.ts';
import { countOf, countText } from '../../lib/numbers.ts';
import { holderText, isServedHere } from './words.ts';

type Backlog = Pick<Target, 'waiting' | 'waitingSince' | 'lag' | 'position'>;

/** Whether skipping would change anything. That the tool must hear of a reset is no change, but waits too. */
export function isSkippable({ waiting, waitingSince, lag, position }: Backlog): boolean {
  return position === null || lag > 0 || (waiting ?? 0) > 0 || waitingSince !== null;
}

/** What skipping gives up. */
export function skipText(target: Backlog): string {
  const { waiting, lag } = target;
  if (!isSkippable(target)) return 'Nothing waits: it is at the newest change already.';
  const gone = 'The tool will not be told of them.';
  if (waiting === null)
    return `At most ${countOf(lag, 'change')} up to the newest one are given up; the gateway that serves it knows how many match. ${gone}`;
  if (waiting === 0)
    return `Nothing waits. Whatever matches among the ${countText(lag)} up to the newest change and was not read yet is given up. ${gone}`;
  const these =
    waiting === 1
      ? '1 change that waits is given up'
      : `${countText(waiting)} changes that wait are given up`;
  if (waiting >= lag) return `${these}. ${gone}`;
  return `${these}, and whatever else matches among the ${countText(lag)} up to the newest one. ${gone}`;
}

/** `retry`: what failed is tried now. */
export type Wish = 'pause' | 'resume' | 'retry' | 'skip';

/** What an operator's wish did. @param after the target, as the gateway answered */
export function doneText(wish: Wish, after: Target): string {
  const did = {
    pause: 'Paused.',
    resume: 'Resumed: what had failed is tried at once.',
    retry: 'What had failed is tried now.',
    skip: 'Skipped: it goes on at the newest change.',
  }[wish];
  if (isServedHere(after) || after.holder === null) return did;
  return `${did} Gateway ${holderText(after)} serves it, and follows within three seconds.`;
}

/** Most characters of a reason. */
const maxReason = 500;

/** Why a wish was not done. */
export function notDoneText(wish: Wish, why: string): string {
  const what = { pause: 'Not paused', resume: 'Not resumed', retry: 'Not tried', skip: 'Not skipped' }[wish];
  return `${what}: ${why.slice(0, maxReason)}`;
}
