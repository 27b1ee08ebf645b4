/** The one gateway of this page: it lies one step above the page, whatever path a proxy puts before both. */
import { ask as askGateway, type Question, systemClock } from '../../../client/src/index.ts';
import type { Reader } from '../lib/read.ts';
import { Session, type TokenStorage } from './session.ts';

/** The gateway's address, with a slash at its end. */
export const gatewayUrl = new URL('../', document.baseURI).href;

export const session = new Session({
  ask: (question, token) => askGateway(gatewayUrl, question, { token: () => token }),
  storage: tabStorage(),
  clock: systemClock,
});

/**
 * Asks the gateway, and reads the answer. A refused token brings the form back.
 *
 * @throws FeedError, and TypeError if the answer is not as `read` needs it
 */
export async function ask<T>(question: Question, read: Reader<T>): Promise<T> {
  try {
    return read(await askGateway(gatewayUrl, question, { token: () => session.token }), question.path);
  } catch (error) {
    if (isUnauthorized(error)) session.refused();
    throw error;
  }
}

/** Whether the gateway does not know the token. */
export function isUnauthorized(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'UNAUTHORIZED';
}

/** Where cookies are blocked, reading `sessionStorage` throws. */
function tabStorage(): TokenStorage | null {
  try {
    return sessionStorage;
  } catch {
    return null;
  }
}
