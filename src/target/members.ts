/** Members that several kinds have. A URL is shown as its origin only, because path and query may hold a secret. */
import { basicUser, secret, secretUrl, text } from '../config/settings/values.ts';

/** Where to send; nothing is added to it. */
export function completeUrl() {
  return secretUrl().describe('The complete URL for the POST');
}

/** Where the tool's API is; the kind adds the path. */
export function baseUrl() {
  const hasNoQuery = (value: string) => !value.includes('?');
  return secretUrl()
    .refine(hasNoQuery, { error: 'must be a base URL without query' })
    .describe('Base URL of the tool: the kind adds the path');
}

/** `http://host/base/` and `/path` to `http://host/base/path`. */
export function under(base: string, path: string): string {
  return base.replace(/\/+$/, '') + path;
}

/** Printable ASCII, because it goes into a header. */
export function token() {
  return text('a token of printable ASCII characters', /^[\x21-\x7e]+$/).meta({ secret: true });
}

/** User name and password of Basic authentication, both or neither (`faultsOfBasic`). */
export const basic = {
  username: basicUser().optional().describe('User name for Basic authentication'),
  password: secret('a password').optional().describe('Password for Basic authentication'),
};

interface Basic {
  readonly username?: string | undefined;
  readonly password?: string | undefined;
}

export function faultsOfBasic({ username, password }: Basic) {
  if ((username === undefined) === (password === undefined)) return [];
  const key = username === undefined ? 'username' : 'password';
  return [{ key, message: 'missing: must be given, because the other of username and password is' }];
}

/** The header of Basic authentication (RFC 7617), if there is a user name. */
export function basicHeader({ username, password = '' }: Basic): Readonly<Record<string, string>> {
  if (username === undefined) return {};
  return { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` };
}

/** The header of a Bearer token (RFC 6750). */
export function bearer(token: string): Readonly<Record<string, string>> {
  return { authorization: `Bearer ${token}` };
}

/** A part of a path without anything to escape; `.` and `..` would make it another path. */
const part = '(?!\\.{1,2}(?:/|$))[A-Za-z0-9_.-]+';

/**
 * What GitLab, GitHub and others name a repository or project: parts of a path, with `/` between them.
 *
 * @param rule completes "must be …" @param least parts @param most parts. Default: no limit
 */
export function gitPath(rule: string, least: number, most?: number) {
  const grammar = new RegExp(
    `^(?=.{1,512}$)${part}(?:/${part}){${least - 1},${most === undefined ? '' : most - 1}}$`,
  );
  return text(`${rule}, and no part may be empty, "." or ".."`, grammar);
}

/** A repository, as in `org/repo` or `group/more/repo`. */
export function gitRepository() {
  return gitPath('a git repository, as in org/repo', 2);
}
