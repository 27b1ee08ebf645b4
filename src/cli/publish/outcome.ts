/** What became of a publication, as far as the hook's answer tells (docs/webhooks.md, "Answers"). */
import { FeedError } from '../../../client/src/index.ts';
import { escapeText } from '../output/escape.ts';
import type { Style } from '../output/terminal.ts';

export interface Outcome {
  /** For programs: `changed`, `pending`, `unchanged`, `stale`, `ignored`. */
  readonly word: string;
  readonly style: Style;
  /** For people. */
  readonly meaning: string;
  /** Whether the gateway took it. */
  readonly isTaken: boolean;
}

const outcomes = {
  changed: { word: 'changed', style: 'green', meaning: 'subscribers receive the change', isTaken: true },
  pending: {
    ...{ word: 'pending', style: 'yellow', isTaken: true },
    meaning:
      'the gateway asks the registry first; if it may not, the change has no digest unless you give it',
  },
  unchanged: { word: 'unchanged', style: 'cyan', meaning: 'the gateway knew that already', isTaken: true },
  stale: { word: 'stale', style: 'yellow', meaning: 'the gateway knows something newer', isTaken: true },
} as const satisfies Readonly<Record<string, Outcome>>;

/** @throws FeedError PROTOCOL if it is no answer of a hook */
export function outcomeOf(answer: unknown): Outcome {
  const { changes, pending, unchanged, ignored } = membersOf(answer);
  if (isSome(changes)) return outcomes.changed;
  if (isSome(pending)) return outcomes.pending;
  if (isSome(unchanged)) return outcomes.unchanged;
  const reasons = Object.entries(membersOf(ignored)).flatMap(([reason, count]) =>
    isSome(count) ? [reason] : [],
  );
  if (reasons.includes('stale')) return outcomes.stale;
  const why = reasons.length === 0 ? '' : ` (${escapeText(reasons.join(', '))})`;
  const meaning = `the hook ignored it${why}: must be a hook of the kind manifeed`;
  return { word: 'ignored', style: 'red', meaning, isTaken: false };
}

function isSome(count: unknown): boolean {
  return typeof count === 'number' && count > 0;
}

function membersOf(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null) return { ...value };
  const rule = 'must be an object: is it the address of a gateway, and of the same version?';
  throw new FeedError('PROTOCOL', `read the answer of the hook: ${rule}`, { retryable: false });
}
