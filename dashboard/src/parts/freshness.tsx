import { useComputed } from '@preact/signals';
import { now } from '../gateway/now.ts';
import type { Answer } from '../gateway/poll.ts';
import { clockTime } from '../lib/time-words.ts';
import { Badge } from './badge.tsx';
import { isDenied } from './trouble.tsx';

/** How true is what the screen shows. Times are ms since the epoch. */
export type FreshnessState =
  | { readonly kind: 'live' }
  | { readonly kind: 'paused' }
  | { readonly kind: 'connecting' }
  /** Asked regularly; the answer is of this time. */
  | { readonly kind: 'current'; readonly at: number }
  /** The gateway answers, but not to this token. */
  | { readonly kind: 'denied' }
  /** Not reached. `since`: what is shown is as of then; null: nothing is. `retryAt`: null: not tried again. */
  | { readonly kind: 'stale'; readonly since: number | null; readonly retryAt: number | null };

/** How true an answer is that is asked for regularly. */
export function freshnessOf({ at, error, retryAt }: Answer<unknown>): FreshnessState {
  if (error !== null && isDenied(error)) return { kind: 'denied' };
  if (error !== null) return { kind: 'stale', since: at, retryAt };
  return at === null ? { kind: 'connecting' } : { kind: 'current', at };
}

/** The state of a screen, at its head: a picture and words. Screen readers hear the words, not the seconds. */
export function Freshness({ state }: { state: FreshnessState }) {
  return (
    <span class="freshness">
      <span role="status" aria-live="polite">
        <State state={state} />
      </span>
      {state.kind === 'stale' && state.retryAt !== null && <Countdown to={state.retryAt} />}
    </span>
  );
}

function State({ state }: { state: FreshnessState }) {
  switch (state.kind) {
    case 'live':
      return <Badge {...{ tone: 'good', icon: 'live' }}>Live</Badge>;
    case 'paused':
      return <Badge {...{ tone: 'accent', icon: 'pause' }}>Paused</Badge>;
    case 'connecting':
      return <Badge {...{ tone: 'quiet', icon: 'waiting' }}>Connecting</Badge>;
    case 'current':
      return <Badge {...{ tone: 'quiet', icon: 'ok' }}>Up to date</Badge>;
    case 'denied':
      return <Badge {...{ tone: 'quiet', icon: 'warning' }}>Not allowed</Badge>;
    case 'stale': {
      const text = state.since === null ? 'No answer' : `Stale since ${clockTime(state.since, now.peek())}`;
      return <Badge {...{ tone: 'warning', icon: 'warning' }}>{text}</Badge>;
    }
  }
}

function Countdown({ to }: { to: number }) {
  const text = useComputed(() => `retry in ${Math.max(0, Math.ceil((to - now.value) / 1_000))} s`);
  return <span class="muted">{text}</span>;
}
