/** The flags that every command has which asks a gateway, and what they say. */
import { type ParseArgsOptionsConfig, parseArgs, TextDecoder } from 'node:util';
import type { Token } from '../../client/src/index.ts';
import { parseDurationMs } from '../config/settings/quantities.ts';
import { parseRfc3339 } from '../event/rfc3339.ts';
import { readFault } from '../lib/read-fault.ts';
import { type CommandIo, InputError, UsageError } from './command.ts';

export const connectionFlags = {
  gateway: { type: 'string' },
  'token-file': { type: 'string' },
  json: { type: 'boolean', default: false },
  quiet: { type: 'boolean', default: false },
  'no-color': { type: 'boolean', default: false },
} as const satisfies ParseArgsOptionsConfig;

/** Lines for the help of each of them. */
export const connectionHelp: readonly string[] = [
  '',
  '  --gateway URL      default: MANIFEED_URL, or else http://127.0.0.1:8080',
  '  --token-file FILE  a file with the token; default: MANIFEED_TOKEN_FILE, or else MANIFEED_TOKEN',
  '  --json             print JSON',
  '  --quiet            only data, warnings and errors',
  '  --no-color         no colours; NO_COLOR and FORCE_COLOR are honoured too',
];

const defaultGateway = 'http://127.0.0.1:8080';

/** Where to ask, and with which token. */
export interface Connection {
  /** Checked: `http:` or `https:`. */
  readonly url: string;
  readonly token: Token | undefined;
}

interface Given {
  readonly gateway?: string | undefined;
  readonly 'token-file'?: string | undefined;
}

/**
 * @throws UsageError if the URL is none, or the file has no token
 * @throws InputError if the file cannot be read
 */
export function connectionOf(given: Given, io: CommandIo): Connection {
  const name = given.gateway === undefined ? 'MANIFEED_URL' : '--gateway';
  const url = given.gateway ?? nonEmpty(io.env.MANIFEED_URL) ?? defaultGateway;
  if (!/^https?:$/.test(protocolOf(url)))
    throw new UsageError(`read ${name}: ${shown(url)}: must be a URL like https://gateway.example.com`);
  if (/^https?:\/\/[^/]*@/i.test(url))
    throw new UsageError(`read ${name}: must hold no credentials: use --token-file`);
  return { url, token: tokenOf(given['token-file'], io) };
}

/** A file is read at each connection, so that a new token needs no restart; and once now, so that a mistake shows. */
function tokenOf(flag: string | undefined, io: CommandIo): Token | undefined {
  const path = flag ?? nonEmpty(io.env.MANIFEED_TOKEN_FILE);
  if (path === undefined) return sendable(nonEmpty(io.env.MANIFEED_TOKEN?.trim()), 'MANIFEED_TOKEN');
  const name = flag === undefined ? 'MANIFEED_TOKEN_FILE' : '--token-file';
  const read = () => {
    try {
      return new TextDecoder().decode(io.readFile(path)).trim();
    } catch (error) {
      throw new InputError(`read ${name}: ${shown(path)}: cannot be read: ${readFault(error)}`);
    }
  };
  const first = sendable(read(), name);
  if (first === '') throw new UsageError(`read ${name}: ${shown(path)}: empty: must hold a token`);
  // Standard input and pipes can be read only once.
  return /^(?:-|\/dev\/|\/proc\/)/.test(path) ? first : read;
}

/** A token that a header can hold (RFC 9110, 5.5): no other is a gateway's. @throws UsageError without the token */
function sendable<Text extends string | undefined>(token: Text, name: string): Text {
  if (token === undefined || /^[\x20-\x7e\x80-\xff]*$/.test(token)) return token;
  throw new UsageError(`read ${name}: must be a token: one line, without control characters`);
}

function protocolOf(url: string): string {
  return URL.canParse(url) ? new URL(url).protocol : '';
}

/** An empty variable is as good as none: shells and unit files cannot always leave one out. */
function nonEmpty(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}

/** A value of the command line in an error. */
export function shown(text: string): string {
  return JSON.stringify(text.slice(0, 200));
}

/** @throws UsageError */
export function readFlags<const Options extends ParseArgsOptionsConfig>(
  argv: readonly string[],
  options: Options,
) {
  try {
    return parseArgs({ args: [...argv], allowPositionals: true, options });
  } catch (error) {
    throw new UsageError(`read arguments: ${flagFault(error)}`);
  }
}

/** What Node says of a flag, without its advice for arguments that begin with "-". */
export function flagFault(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const [, unknown] = /^Unknown option '([^']*)'/.exec(message) ?? [];
  return unknown === undefined ? message : `unknown flag ${unknown}`;
}

/** A whole number of at least `min`. @throws UsageError that names the flag */
export function countOf(flag: string, text: string, min: number): number {
  const count = Number(text);
  if (/^\d{1,9}$/.test(text) && count >= min) return count;
  throw new UsageError(`read ${flag}: ${shown(text)}: must be a whole number, at least ${min}`);
}

/** In ms; more than 0. @throws UsageError that names the flag */
export function durationOf(flag: string, text: string): number {
  const ms = parseDurationMs(text);
  if (ms !== null && ms > 0) return ms;
  throw new UsageError(`read ${flag}: ${shown(text)}: must be a duration, as in 500ms, 60s, 10m, 12h or 30d`);
}

/**
 * The value of `--since`: a duration back from `now`, ms since the epoch, or a time.
 *
 * @returns a time of RFC 3339
 * @throws UsageError
 */
export function sinceOf(text: string, now: number): string {
  if (parseRfc3339(text) !== null) return text;
  try {
    return new Date(now - durationOf('--since', text)).toISOString();
  } catch (error) {
    if (!(error instanceof UsageError || error instanceof RangeError)) throw error;
    throw new UsageError(`read --since: ${shown(text)}: must be a duration such as 2h, or an RFC 3339 time`);
  }
}

/** One of some words. @throws UsageError that names the flag */
export function oneOf<const Word extends string>(flag: string, text: string, words: readonly Word[]): Word {
  const found = words.find((word) => word === text);
  if (found !== undefined) return found;
  throw new UsageError(`read ${flag}: ${shown(text)}: must be ${words.join(' or ')}`);
}
