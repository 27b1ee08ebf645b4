/** An abort of one's own that follows another one. */
export interface Child {
  readonly signal: AbortSignal;
  /** Aborts this one alone, and lets go of the other. Idempotent. */
  readonly end: () => void;
}

/** A signal that aborts when `parent` does, or at `end`. Without an `end` the parent keeps it. */
export function childOf(parent: AbortSignal): Child {
  const own = new AbortController();
  const end = () => {
    parent.removeEventListener('abort', end);
    own.abort();
  };
  parent.addEventListener('abort', end);
  if (parent.aborted) end();
  return { signal: own.signal, end };
}
