/** Questions of a command to its gateway, and answers that are checked before they are believed. */
import type { z } from 'zod';
import { ask, FeedError, type Question } from '../../../client/src/index.ts';
import { checkSchema, formatFaultPath } from '../../lib/schema-faults.ts';
import type { Connection } from '../connection.ts';

/** What a command asks: the path, and a query or a body. */
export type Asked = Pick<Question, 'path' | 'query' | 'body'>;

/** Sends one question. Commands get it as a function, so that their tests need no gateway. */
export type Ask = (question: Asked) => Promise<unknown>;

/** @returns a function that waits for each answer at most a minute, and rejects with a FeedError */
export function askOver({ url, token }: Connection): Ask {
  return (question) => ask(url, question, { token });
}

/** Checks an answer. @throws FeedError PROTOCOL that names the member */
export function readAnswer<T>(path: string, schema: z.ZodType<T>, answer: unknown): T {
  const result = checkSchema(schema, answer);
  if (result.ok) return result.data;
  const [{ path: member, found, rule }] = result.faults;
  const where = formatFaultPath(member) || 'the answer';
  const hint = 'is the gateway of the same version?';
  throw new FeedError('PROTOCOL', `read ${path}: ${where}: ${found}: ${rule}: ${hint}`, { retryable: false });
}
