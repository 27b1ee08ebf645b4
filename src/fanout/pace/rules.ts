/** Which pace holds for a repository: the configuration's defaults, its exceptions and its priorities. */

export interface Pace {
  /** R: deliveries a second over all gateways, > 0. */
  readonly deliveriesPerSecond: number;
  /** The longest that one delivery may be held back, ms. */
  readonly maxWindowMs: number;
  /** A change with at most this many paced subscribers goes out at once. */
  readonly burst: number;
}

export interface PaceException extends Partial<Pace> {
  /** Glob over `registry/repository`. */
  readonly pattern: string;
}

export interface PaceOptions extends Pace {
  /** The first whose pattern matches holds; what it leaves out is taken from the defaults. */
  readonly exceptions: readonly PaceException[];
  /** Globs over `registry/repository` whose changes go before others. */
  readonly priority: readonly string[];
}

export interface PaceRule extends Pace {
  /** The exception's pattern, or `default`. Repositories of one name share one R. */
  readonly name: string;
  readonly priority: boolean;
}

/** Compiles a glob: `event/glob.ts` in the gateway. */
export type CompilePattern = (pattern: string) => (key: string) => boolean;

/**
 * Returns the rule of a repository, asked by its key `registry/repository`. Patterns are compiled once, here.
 * The first match holds rather than the most specific one: which of two globs is more specific is a riddle,
 * their order in a file is not.
 */
export function paceRules(options: PaceOptions, compile: CompilePattern): (key: string) => PaceRule {
  const { deliveriesPerSecond, maxWindowMs, burst } = options;
  const defaults: Pace = { deliveriesPerSecond, maxWindowMs, burst };
  const exceptions = options.exceptions.map((exception) => ({
    matches: compile(exception.pattern),
    name: exception.pattern,
    pace: overlay(defaults, exception),
  }));
  const priorities = options.priority.map(compile);
  return (key) => {
    const exception = exceptions.find((each) => each.matches(key));
    return {
      ...(exception?.pace ?? defaults),
      name: exception?.name ?? 'default',
      priority: priorities.some((matches) => matches(key)),
    };
  };
}

function overlay(defaults: Pace, exception: PaceException): Pace {
  return {
    deliveriesPerSecond: exception.deliveriesPerSecond ?? defaults.deliveriesPerSecond,
    maxWindowMs: exception.maxWindowMs ?? defaults.maxWindowMs,
    burst: exception.burst ?? defaults.burst,
  };
}
