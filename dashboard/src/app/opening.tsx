import { Wordmark } from './wordmark.tsx';

/** Until the gateway has said who asks: the name, where it stays. */
export function Opening() {
  return (
    <div class="shell">
      <header class="side">
        <div class="side-head">
          <Wordmark />
        </div>
      </header>
    </div>
  );
}
