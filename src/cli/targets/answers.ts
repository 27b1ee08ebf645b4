/** What `manifeed targets` needs of the gateway's answers (PROTOCOL.md, section 12). Further members pass. */
import { z } from 'zod';

const time = z.string().nullable();

export const targetRow = z.looseObject({
  name: z.string(),
  kind: z.string(),
  state: z.string(),
  disabled: z.string().nullable(),
  retryAt: time,
  lag: z.number(),
  waiting: z.number().nullable(),
  waitingSince: time,
  late: z.boolean(),
  lastSuccess: time,
  lastFailure: z.looseObject({ at: z.string(), why: z.string() }).nullable(),
});
export type TargetRow = z.infer<typeof targetRow>;

export const targetList = z.looseObject({ targets: z.array(targetRow) });

export const testAnswer = z.looseObject({
  request: z.string(),
  verdict: z.looseObject({ kind: z.string(), why: z.string().optional() }).nullable(),
});
