/** The pace of a repository: the configured defaults, exceptions and priorities. */
import { compileGlob } from '../../event/glob.ts';

/** How fast the changes of a repository go out. */
export interface Pace {
  /** R: deliveries a second over all gateways, > 0. */
  readonly deliveriesPerSecond: number;
  /** The longest that one delivery may be held back, ms. */
  readonly maxWindowMs: number;
  /** A change with at most this many paced subscribers goes out at once. */
  readonly burst: number;
}

interface PaceException extends Partial<Pace> {
  /** Glob over `registry/repository`. */
  readonly pattern: string;
}

/** The configured pace; the members of `Pace` are the defaults. */
export interface PaceOptions extends Pace {
  /** The first whose pattern matches holds; what it leaves out comes from the defaults. */
  readonly exceptions: readonly PaceException[];
  /** Globs over `registry/repository` whose changes go first. */
  readonly priority: readonly string[];
}

/** The pace of one repository. */
export interface PaceRule extends Pace {
  /** The exception's pattern, or `default`. Repositories whose rules have the same name share one R. */
  readonly name: string;
  readonly priority: boolean;
}

/** Finds a rule by `registry/repository`. The first match holds, not the most specific: order is easier to see. */
export function paceRules(options: PaceOptions): (key: string) => PaceRule {
  const { deliveriesPerSecond, maxWindowMs, burst } = options;
  const defaults: Pace = { deliveriesPerSecond, maxWindowMs, burst };
  const exceptions = options.exceptions.map((exception) => ({
    matches: compileGlob(exception.pattern),
    name: exception.pattern,
    pace: overlay(defaults, exception),
  }));
  const priorities = options.priority.map((pattern) => compileGlob(pattern));
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
