import { useComputed } from '@preact/signals';
import { now } from '../gateway/now.ts';
import { clockTime, relativeTime, wholeTime } from '../lib/time-words.ts';

/** A time in words that stay true: `3 s ago`; the title has the whole. @param at RFC 3339; null: unknown, a dash */
export function RelativeTime({ at }: { at: string | null }) {
  return at === null ? <span class="muted">–</span> : <Ago at={at} />;
}

function Ago({ at }: { at: string }) {
  const text = useComputed(() => relativeTime(Date.parse(at), now.value));
  return (
    <time dateTime={at} title={wholeTime(Date.parse(at))}>
      {text}
    </time>
  );
}

/** A time of day, with the date if it is not of today. It does not change while one looks. */
export function ClockTime({ at }: { at: string }) {
  const ms = Date.parse(at);
  return (
    <time dateTime={at} title={wholeTime(ms)}>
      {clockTime(ms, now.peek())}
    </time>
  );
}
