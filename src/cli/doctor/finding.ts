/** What `manifeed doctor` says of one thing that it looked at. */

/** `skipped`: it could not be looked at, and the text says why. */
export type Level = 'ok' | 'warning' | 'failed' | 'skipped';

export interface Finding {
  readonly level: Level;
  /** What was looked at: `gateway`, `clock`, `token`, `sse`, `disk`, … */
  readonly check: string;
  /** The registry, the hook, the target or the file that it is about; null: the check says it. */
  readonly about: string | null;
  /** One sentence, without its full stop. */
  readonly text: string;
  /** What to do; null: nothing. */
  readonly remedy: string | null;
  /** File and heading of the documentation that comes with Manifeed; null: none says more. */
  readonly docs: string | null;
}

/** What is said beside the text. */
type More = Partial<Pick<Finding, 'about' | 'docs'>>;

/** All is well. */
export function fine(check: string, text: string, more: More = {}): Finding {
  return { level: 'ok', check, about: null, docs: null, ...more, text, remedy: null };
}

/** It works, but something should be done. */
export function warning(check: string, text: string, remedy: string, more: More = {}): Finding {
  return { level: 'warning', check, about: null, docs: null, ...more, text, remedy };
}

/** It does not work. */
export function failed(check: string, text: string, remedy: string, more: More = {}): Finding {
  return { level: 'failed', check, about: null, docs: null, ...more, text, remedy };
}

/** @param remedy what is needed to look at it */
export function skipped(check: string, text: string, remedy: string, more: More = {}): Finding {
  return { level: 'skipped', check, about: null, docs: null, ...more, text, remedy };
}
