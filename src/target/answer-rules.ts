/** Rules of an operator that say what an HTTP answer means, by status and members of its JSON. */
import { z } from 'zod';
import { integer, list } from '../config/settings/values.ts';
import { jsonOrNothing } from '../lib/json.ts';
import type { HttpAnswer } from './call/http.ts';
import { retryLater, saying } from './judgement.ts';
import type { Verdict } from './kind.ts';

const maxStatuses = 100;

const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()], {
  error: 'must be a string, a number, true, false or null',
});

function rule(description: string) {
  return z
    .strictObject({
      status: list(integer(100, 599), 'statuses', maxStatuses)
        .min(1, { error: 'must have at least one' })
        .optional()
        .describe('Statuses, one of which it must be'),
      json: z
        .record(z.string(), scalar, { error: 'must be a mapping of members to values' })
        .optional()
        .describe('Members of a JSON answer, as in `result.ok`, and the values that they must all have'),
    })
    .optional()
    .describe(description);
}

/** Members of a kind. */
export const answerRules = {
  success: rule('Which answers are success. Without `status`: 200–299'),
  retry: rule('Which other answers are tried again; the rest is refused for good. Default: all'),
  stop: rule('Which other answers disable the target. Default: status 410'),
};

type Rule = NonNullable<z.output<(typeof answerRules)['success']>>;

interface Rules {
  readonly success?: Rule | undefined;
  readonly retry?: Rule | undefined;
  readonly stop?: Rule | undefined;
}

/** @param nowMs wall clock */
export function judgeBy({ success = {}, retry, stop }: Rules, answer: HttpAnswer, nowMs: number): Verdict {
  const isOk = answer.status >= 200 && answer.status < 300;
  if (matches(answer, success) && (isOk || success.status !== undefined)) return { kind: 'accepted' };
  const why = isOk ? withMissed(answer, success) : saying(answer);
  if (matches(answer, stop ?? { status: [410] })) return { kind: 'stop', why };
  return retry === undefined || matches(answer, retry)
    ? retryLater(answer, nowMs, why)
    : { kind: 'refused', why };
}

/** Whether all that the rule names is so. */
function matches(answer: HttpAnswer, rule: Rule): boolean {
  if (rule.status !== undefined && !rule.status.includes(answer.status)) return false;
  return missedBy(answer, rule) === null;
}

/** What an answer has instead of the first member that the rule names and that is not so; null: all are so. */
function missedBy({ text, isWhole }: HttpAnswer, { json = {} }: Rule): string | null {
  const told = isWhole ? jsonOrNothing(text) : undefined;
  const missed = Object.entries(json).find(([path, value]) => memberAt(told, path) !== value);
  if (missed === undefined) return null;
  if (told === undefined) return isWhole ? 'the answer is no JSON' : 'the answer is too long';
  const value = memberAt(told, missed[0]);
  if (value === undefined) return `${missed[0]} is missing`;
  return `${missed[0]} is ${typeof value === 'object' && value !== null ? 'no single value' : JSON.stringify(value)}`;
}

/** Why an answer with a good status is no success. It is not cut here: secrets in it are hidden later. */
function withMissed(answer: HttpAnswer, success: Rule): string {
  const missed = missedBy(answer, success);
  const [status, said] = [`status ${answer.status}: `, saying(answer)];
  return missed === null
    ? said
    : `${status}success.json does not match: ${missed}: ${said.slice(status.length)}`;
}

function memberAt(value: unknown, path: string): unknown {
  return path.split('.').reduce((inner: unknown, key) => {
    if (typeof inner !== 'object' || inner === null) return undefined;
    return Object.entries(inner).find(([name]) => name === key)?.[1];
  }, value);
}
