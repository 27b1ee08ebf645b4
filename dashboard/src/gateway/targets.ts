import {
  boolean,
  line,
  lines,
  list,
  nullable,
  number,
  object,
  type Read,
  record,
  text,
} from '../lib/read.ts';

/** A word, a name, a time, a position. */
const short = text(200);
/** What a tool answered, and why a target stands still: the gateway keeps 200 characters of an answer. */
const words = line(1_000);

/** `POST /v1/targets/NAME/pause`, `/resume` and `/skip` answer with the target from then on. */
export const readTarget = object({
  name: short,
  kind: short,
  needsReference: boolean,
  url: nullable(short),
  state: short,
  disabled: nullable(words),
  retryAt: nullable(short),
  position: nullable(short),
  lag: number,
  waiting: nullable(number),
  waitingSince: nullable(short),
  late: boolean,
  holder: nullable(short),
  lastSuccess: nullable(short),
  lastFailure: nullable(object({ at: short, result: short, why: words })),
  counts: nullable(record(number)),
});

/** `GET /v1/targets` (PROTOCOL.md, section 12). */
export const readTargets = object({ targets: list(readTarget), gateway: short });

/** `POST /v1/targets/NAME/test`. */
export const readTest = object({
  request: lines(20_000),
  /** Null: a dry run. */
  verdict: nullable(object({ kind: short, why: nullable(words) })),
});

export type Target = Read<typeof readTarget>;
export type TestAnswer = Read<typeof readTest>;

/** Path of what can be done with a target. */
export function actionPath(name: string, action: 'pause' | 'resume' | 'skip' | 'test'): string {
  return `/v1/targets/${encodeURIComponent(name)}/${action}`;
}
