import { useComputed } from '@preact/signals';
import { gatewayUrl, session } from '../gateway/gateway.ts';
import { now } from '../gateway/now.ts';
import { Wordmark } from './wordmark.tsx';

/** The gateway did not answer when the page was opened. It is asked again by itself. */
export function Unreachable({ why, untilMs }: { why: string; untilMs: number }) {
  const seconds = useComputed(() => Math.max(0, Math.ceil((untilMs - now.value) / 1_000)));
  return (
    <main class="door">
      <Wordmark />
      <div role="alert">
        <h1>The gateway does not answer</h1>
        <p>
          <code>{gatewayUrl}</code>
        </p>
        <p class="muted">{why}</p>
      </div>
      <button type="button" class="button" onClick={() => void session.open()}>
        Try again
      </button>
      <p class="muted">The page tries again in {seconds} s.</p>
    </main>
  );
}
