/** What the screen says of targets, in plain words (PROTOCOL.md, section 12; docs/targets.md). Pure. */
import type { Target } from '../../gateway/targets.ts';
import { countOf } from '../../lib/numbers.ts';

/** What a state means, and what to do. */
export interface Meaning {
  readonly cause: string;
  readonly remedy: string;
}

const agesOut = 'A change that waits for longer than the setting maxAge (24 hours by default) is given up.';

const meanings: ReadonlyMap<string, Meaning> = new Map(
  Object.entries({
    delivering: { cause: 'The tool is being told of changes.', remedy: '' },
    holding: {
      cause: 'Changes wait for coalesce or minAge, or until the ledger keeps what was sent.',
      remedy: '',
    },
    idle: { cause: 'No change waits for the tool. The next one is sent when it comes.', remedy: '' },
    retrying: {
      cause: 'The tool did not accept the last change, so that is tried again.',
      remedy:
        'The last failure says why. A change that fails holds up its own tag only; after the setting maxAge it is given up. Try now does not wait for the next attempt.',
    },
    paused: {
      cause: 'An operator paused it.',
      remedy: `Nothing is sent until it is resumed. ${agesOut}`,
    },
    disabled: {
      cause: 'The tool wants no more, so nothing is sent to it.',
      remedy: `Mend the cause, then resume it; it stays disabled over restarts. ${agesOut}`,
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

/** What has not come to an idle target yet. Empty: everything has, or its state says why. */
export function notReadText({ state, lag, waiting }: Pick<Target, 'state' | 'lag' | 'waiting'>): string {
  if (state !== 'idle' || waiting !== 0 || lag === 0) return '';
  return `The newest ${countOf(lag, 'change')}, matching or not, did not reach it yet: the pace may hold them back.`;
}

/** Most results that are listed: a gateway knows ten. */
const maxResults = 20;

const results: readonly (readonly [result: string, word: string, meaning: string])[] = [
  ['accepted', 'Accepted', 'The tool took the change.'],
  ['ignored', 'Ignored', 'The tool has nothing to do with the change.'],
  ['refused', 'Refused', 'The tool will never take the change, so it was given up.'],
  ['overtaken', 'Overtaken', 'A newer change of the same tag took its place.'],
  ['expired', 'Expired', 'It could not be delivered within maxAge, so it was given up.'],
  ['lost', 'Lost', 'It waited when the ledger lost its continuity.'],
  ['skipped', 'Skipped', 'An operator had the target go on after the change.'],
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
  ['refused', 'The change was given up.'],
  ['stopped', 'It disabled the target.'],
]);

/** What followed from a failed attempt. @param result of `lastFailure` @param state that of the target now */
export function failureText(result: string, state: string): string {
  // Otherwise it has been accepted or given up since, or nothing is sent.
  if (result === 'retried') return state === 'retrying' ? 'It is tried again.' : '';
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

/** Most characters of a reason. */
const maxReason = 500;

/** Why a test has no result. @param code of the error */
export function testFailure(code: unknown, why: string): string {
  if (code === 'TIMEOUT')
    return 'No answer came within a minute. The tool may take longer, and the test goes on without this page: look at the tool itself.';
  return why.slice(0, maxReason);
}
