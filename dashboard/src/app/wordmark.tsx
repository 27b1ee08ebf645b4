/** The name with its sign. */
export function Wordmark() {
  return (
    <span class="wordmark">
      <svg viewBox="0 0 16 16" aria-hidden="true">
        <rect width="16" height="16" rx="4" />
        <path d="M4 12V5.5M8 12V4m4 8V5.5M4 5.5 8 8l4-2.5" />
      </svg>
      Manifeed
    </span>
  );
}
