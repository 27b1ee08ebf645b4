/** Judges a target: what an operator should know, why, and what to do. Pure. */
import type { TargetReport, Warning } from './report.ts';

type Found = Omit<Warning, 'severity'>;

const docs = 'docs/targets.md#try-it-and-watch-it';

/** What should be done about a target. @param now a time of RFC 3339 */
export function targetTroubles(target: TargetReport, now: string): readonly Found[] {
  const { name, state, disabled, waitingSince, lastFailure } = target;
  const common = { about: name, setting: 'targets', docs };
  if (state === 'disabled') {
    return [
      {
        ...{ ...common, code: 'target-disabled' },
        cause: `It is disabled, because its tool wants no more: ${disabled ?? 'no reason is known'}.`,
        remedy: `See what the tool wants, then run manifeed targets resume ${name}.`,
      },
    ];
  }
  if (state === 'unserved') {
    return [
      {
        ...{ ...common, code: 'target-unserved' },
        cause: 'No gateway serves it.',
        remedy: 'Wait some seconds; if it stays, see the log for why it could not be leased.',
      },
    ];
  }
  if (!target.late || waitingSince === null) return [];
  const waits = `A change has waited for ${Math.floor((Date.parse(now) - Date.parse(waitingSince)) / 60_000)} minutes`;
  const why = lastFailure === null ? '' : `; the last failure was: ${lastFailure.why}`;
  const isPaused = state === 'paused';
  return [
    {
      ...{ ...common, code: 'target-late' },
      cause: isPaused ? `${waits}, because it is paused.` : `${waits}${why}.`,
      remedy: isPaused
        ? `Run manifeed targets resume ${name}, or skip to give up what waits.`
        : `See that its tool answers, and try it: manifeed targets test ${name}.`,
    },
  ];
}

/** What an operator did to it. */
export function targetIntentions({ name, state, late }: TargetReport): readonly Found[] {
  if (state !== 'paused' || late) return [];
  return [
    {
      ...{ code: 'target-paused', about: name, setting: 'targets', docs },
      cause: 'An operator paused it.',
      remedy: `Run manifeed targets resume ${name} to go on.`,
    },
  ];
}

/** Whether a target has a warning, that it is paused among them. */
export function isTargetInTrouble({ state, late }: TargetReport): boolean {
  return late || state === 'disabled' || state === 'unserved' || state === 'paused';
}
