/**
 * Counts string searches in total and between two turns of the event loop: the cost of matching, without a clock.
 * The matching of globs uses only these four functions, and Node's own code does not use them.
 */
export interface Searches {
  readonly total: number;
  /** The most within one turn. */
  readonly mostInOneTurn: number;
}

type Search = (this: string, ...args: unknown[]) => unknown;

const names = ['indexOf', 'startsWith', 'endsWith', 'charCodeAt'] as const;

export async function countSearches(run: () => unknown): Promise<Searches> {
  let total = 0;
  let mostInOneTurn = 0;
  let current = 0;
  let isTurnOpen = false;
  const count = () => {
    total++;
    current++;
    if (current > mostInOneTurn) mostInOneTurn = current;
    if (isTurnOpen) return;
    isTurnOpen = true;
    setImmediate(() => {
      current = 0;
      isTurnOpen = false;
    });
  };
  const prototype: Record<string, unknown> = String.prototype as never;
  const originals = names.map((name) => [name, prototype[name] as Search] as const);
  for (const [name, original] of originals) {
    prototype[name] = function counted(this: string, ...args: unknown[]): unknown {
      count();
      return original.apply(this, args);
    };
  }
  try {
    await run();
  } finally {
    for (const [name, original] of originals) prototype[name] = original;
  }
  return { total, mostInOneTurn };
}
