import { Wordmark } from './wordmark.tsx';

/** A file of the page did not come: the connection broke, or the gateway became a newer one just now. */
export function Incomplete() {
  return (
    <main class="door">
      <Wordmark />
      <div role="alert">
        <h1>A part of this page did not come</h1>
        <p class="muted">The connection broke, or another version of the gateway has taken over.</p>
      </div>
      <button type="button" class="button" onClick={() => location.reload()}>
        Load the page again
      </button>
    </main>
  );
}
