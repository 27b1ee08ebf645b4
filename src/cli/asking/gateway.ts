/** Questions of a command to its gateway, and answers that are checked before they are believed. */
import type { z } from 'zod';
import { ask, FeedError, type Question } from '../../../client/src/index.ts';
import { checkSchema, formatFaultPath } from '../../lib/schema-faults.ts';
import type { Connection } from '../connection.ts';
import { asFault, type TokenOf } from './fault.ts';

/** What a command asks: the path, a query or a body, and how long it waits. */
export type Asked = Pick<Question, 'path' | 'query' | 'body' | 'timeoutMs'>;

/** Sends one question. Commands get it as a function, so that their tests need no gateway. */
export type Ask = (question: Asked) => Promise<unknown>;

/**
 * @param tokenOf whose token the questions need; default: a subscriber's
 * @returns a function that waits for each answer at most a minute, or as the question says, and rejects with a FeedError in words for a command
 */
export function askOver(connection: Connection, tokenOf?: TokenOf): Ask {
  const { url, token } = connection;
  return (question) =>
    ask(url, question, { token }).catch((error: unknown) => {
      throw asFault(error, connection, tokenOf);
    });
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
