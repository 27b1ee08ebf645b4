/** One configured target, as its runner needs it. */
import type { ChangeType } from '../event/change.ts';
import type { Filter } from '../event/filter.ts';
import type { CourseRules } from './course/course.ts';
import type { Kind } from './kind.ts';
import type { Mask } from './mask.ts';

export interface Target {
  readonly name: string;
  readonly kind: Kind;
  /** What the kind's `members` parsed to. */
  readonly settings: unknown;
  /** What the hub brings: with a least age also the types that only overtake others. */
  readonly filter: Filter;
  /** Types that the tool is told of. */
  readonly types: ReadonlySet<ChangeType>;
  readonly rules: CourseRules;
  /** Time limit of one attempt, ms. */
  readonly timeoutMs: number;
  /** Whether `pace` holds changes back for it. */
  readonly paced: boolean;
  /** Origin of its URL; null: it has none. */
  readonly origin: string | null;
  /** Certificate authorities to trust, PEM. */
  readonly ca?: string | undefined;
  /** Variables of this process that its commands get. Default: none. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Hides its secrets. */
  readonly mask: Mask;
}
