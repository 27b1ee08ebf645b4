/** What the screen says of targets, in plain words (PROTOCOL.md, section 12; docs/targets.md). Pure. */
import type { Target } from '../../gateway/targets.ts';
import { countOf, countText } from '../../lib/numbers.ts';

/** What a state means, and what to do. */
export interface Meaning {
  readonly cause: string;
  readonly remedy: string;
}

const meanings: ReadonlyMap<string, Meaning> = new Map(
  Object.entries({
    delivering: { cause: 'The tool is being told of changes.', remedy: '' },
    waiting: { cause: 'The tool was told of everything. The next change is sent when it comes.', remedy: '' },
    retrying: {
      cause: 'The tool did not accept the last change, so that is tried again.',
      remedy:
        'The last failure says why. A change that fails holds up its own tag only; after the setting maxAge it is given up.',
    },
    paused: {
      cause: 'An operator paused it: nothing is sent, and nothing is lost.',
      remedy: 'Resume goes on where it stopped.',
    },
    disabled: {
      cause: 'The tool wants no more, so nothing is sent to it.',
      remedy: 'Mend the cause, then resume it: it goes on where it stopped. This holds over restarts.',
    },
    elsewhere: {
      cause: 'Another gateway serves it, and knows more.',
      remedy: 'What is done here reaches that gateway within three seconds.',
    },
    unserved: {
      cause: 'No gateway serves it now.',
      remedy: 'Gateways take over within seconds. If it stays, see whether the ledger answers.',
    },
  }),
);

export function meaningOf(state: string): Meaning {
  return meanings.get(state) ?? { cause: `The state is ${state}.`, remedy: '' };
}

/** Most results that are listed: a gateway knows nine. */
const maxResults = 20;

const results: readonly (readonly [result: string, word: string, meaning: string])[] = [
  ['accepted', 'Accepted', 'The tool took the change.'],
  ['ignored', 'Ignored', 'The tool has nothing to do with the change.'],
  ['refused', 'Refused', 'The tool will never take the change, so it was given up.'],
  ['overtaken', 'Overtaken', 'A newer change of the same tag took its place.'],
  ['expired', 'Expired', 'It could not be delivered within maxAge, so it was given up.'],
  ['lost', 'Lost', 'It waited when the ledger lost its continuity.'],
  ['retried', 'Tried again', 'Attempts that failed, and were or will be repeated.'],
  ['stopped', 'Stopped', 'Attempts after which the tool wanted no more.'],
  ['reset', 'Resets', 'How often changes may have been missed.'],
];

export interface ResultRow {
  readonly result: string;
  readonly word: string;
  readonly meaning: string;
  readonly count: number;
}

/** What became of a target's changes; `accepted` always, the others if there are any. Unknown ones are shown as they are. */
export function resultsOf(counts: Readonly<Record<string, number>>): readonly ResultRow[] {
  const known = results.map(([result, word, meaning]) => ({
    ...{ result, word, meaning, count: counts[result] ?? 0 },
  }));
  const names = new Set(results.map(([result]) => result));
  const others = Object.entries(counts)
    .filter(([name]) => !names.has(name))
    .map(([name, count]) => ({ result: name, word: name.slice(0, 60), meaning: '', count }));
  return [...known, ...others]
    .filter(({ result, count }) => count !== 0 || result === 'accepted')
    .slice(0, maxResults);
}

/** Changes that the tool never got, and never will. */
export function givenUpOf(counts: Readonly<Record<string, number>>): number {
  return (counts.refused ?? 0) + (counts.expired ?? 0) + (counts.lost ?? 0);
}

const failures: ReadonlyMap<string, string> = new Map([
  ['retried', 'It is tried again.'],
  ['refused', 'The change was given up.'],
  ['stopped', 'It disabled the target.'],
]);

/** What followed from a failed attempt. @param result of `lastFailure` */
export function failureText(result: string): string {
  return failures.get(result) ?? `Result: ${result}.`;
}

/** The gateway that serves a target. Gateways of one Redis add a name of the process, which says nothing to people. */
export function holderText({ holder }: Pick<Target, 'holder'>): string {
  return holder === null ? 'none' : holder.replace(/:[0-9a-z]{8}$/, '');
}

/** Whether the gateway that answers is the one that serves it: only that one counts. */
export function isServedHere({ counts }: Pick<Target, 'counts'>): boolean {
  return counts !== null;
}

/** What skipping gives up. */
export function skipText({ waiting, lag }: Pick<Target, 'waiting' | 'lag'>): string {
  if (lag === 0 && (waiting ?? 0) === 0) return 'Nothing waits now, so nothing is given up.';
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

export type Wish = 'pause' | 'resume' | 'skip';

/** What an operator's wish did. @param after the target, as the gateway answered */
export function doneText(wish: Wish, after: Target): string {
  const did = {
    pause: 'Paused: it sends nothing, and loses nothing.',
    resume: 'Resumed: what had failed is tried at once.',
    skip: 'Skipped: it goes on at the newest change.',
  }[wish];
  if (isServedHere(after) || after.holder === null) return did;
  return `${did} Gateway ${holderText(after)} serves it, and follows within three seconds.`;
}

/** Most characters of a reason. */
const maxReason = 500;

/** Why a wish was not done. */
export function notDoneText(wish: Wish, why: string): string {
  const what = { pause: 'Not paused', resume: 'Not resumed', skip: 'Not skipped' }[wish];
  return `${what}: ${why.slice(0, maxReason)}`;
}

/** How good a tool's answer to a test is, and what it means. */
export interface VerdictWords {
  readonly tone: 'good' | 'warning' | 'bad' | 'quiet';
  readonly word: string;
  readonly meaning: string;
}

const verdicts: ReadonlyMap<string, VerdictWords> = new Map([
  ['accepted', { tone: 'good', word: 'Accepted', meaning: 'The tool took it.' }],
  ['ignored', { tone: 'quiet', word: 'Ignored', meaning: 'The tool has nothing to do with it.' }],
  ['retry', { tone: 'warning', word: 'Failed', meaning: 'A change would be tried again.' }],
  ['refused', { tone: 'bad', word: 'Refused', meaning: 'A change would be given up.' }],
  ['stop', { tone: 'bad', word: 'Wants no more', meaning: 'A change would disable the target.' }],
]);

/** @param kind `verdict.kind` of the answer to a test */
export function verdictWords(kind: string): VerdictWords {
  return verdicts.get(kind) ?? { tone: 'quiet', word: kind, meaning: '' };
}

/** Why a test has no result. @param code of the error */
export function testFailure(code: unknown, why: string): string {
  if (code === 'TIMEOUT')
    return 'No answer came within a minute. The tool may take longer, and the test goes on without this page: look at the tool itself.';
  return why.slice(0, maxReason);
}
