/** The types of single values. Each says in its own message what a good value is. */
import { isIP } from 'node:net';
import { z } from 'zod';
import { canonicalRegistry } from '../../event/reference.ts';
import { parseDurationMs, parseSizeBytes } from './quantities.ts';

/** A non-empty string; `rule` completes "must be …". */
export function text(rule: string, grammar: RegExp = /^.+$/s) {
  const error = `must be ${rule}`;
  const typeError = (issue: { readonly input?: unknown }) =>
    typeof issue.input === 'number' || typeof issue.input === 'boolean' ? `${error}, in quotes` : error;
  return z.string({ error: typeError }).regex(grammar, { error, abort: true });
}

/**
 * A string that is never printed or quoted. A line break at its end comes from the file that it was read from, and the
 * other side does not have it.
 */
export function secret(rule: string) {
  return text(rule)
    .regex(/[^\r\n]$/, { error: 'must not end with a line break' })
    .meta({ secret: true });
}

/** What a header brings: white space at its ends is not part of it (RFC 9110, 5.5). Never printed or quoted. */
export function headerSecret(rule: string) {
  return text(
    `${rule} without line breaks, and without white space at its ends`,
    /^(?!\s)\P{Cc}+(?<!\s)$/u,
  ).meta({
    secret: true,
  });
}

/** A user name of Basic authentication (RFC 7617). Not quoted, because `user:password` may stand there. */
export function basicUser() {
  return text('a user name without ":", and the password must be in password', /^[^:]+$/).meta({
    unquoted: true,
  });
}

/** A whole number in a range. */
export function integer(min: number, max: number) {
  const error = `must be an integer from ${min} to ${max}`;
  return z.int({ error, abort: true }).min(min, { error }).max(max, { error });
}

/** A number in a range, fractions too. */
export function rate(min: number, max: number) {
  const error = `must be a number from ${min} to ${max}`;
  return z.number({ error }).min(min, { error }).max(max, { error });
}

/** True or false. */
export function flag() {
  return z.boolean({ error: 'must be true or false' });
}

/** One of a few words. */
export function choice<const T extends readonly string[]>(values: T) {
  const error = `must be ${values.length === 1 ? '' : 'one of '}${values.join(', ')}`;
  return z.enum(values, { error });
}

/** Milliseconds, from a string such as `60s`. `min` and `max` are such strings too. */
export function duration(min: string, max: string) {
  const error = `must be a duration from ${min} to ${max}, as in 500ms, 60s, 10m, 12h or 30d`;
  return read(z.string({ error }), error, within(parseDurationMs, min, max));
}

/** Bytes, from a number or a string such as `1MiB`. `min` and `max` are such strings too. */
export function size(min: string, max: string) {
  const error = `must be a size from ${min} to ${max}, as in 1MiB or 64KiB`;
  return read(z.union([z.string(), z.number()], { error }), error, within(parseSizeBytes, min, max));
}

/** Refuses with `error` what `parse` answers null to. */
function read<Out, In, Parsed>(
  schema: z.ZodType<Out, In>,
  error: string,
  parse: (value: Out) => Parsed | null,
) {
  return schema.transform((value, context) => {
    const parsed = parse(value);
    if (parsed !== null) return parsed;
    context.addIssue({ code: 'custom', message: error });
    return z.NEVER;
  });
}

function within(parse: (text: string) => number | null, min: string, max: string) {
  const [least, most] = [parse(min) ?? 0, parse(max) ?? 0];
  return (value: string | number): number | null => {
    const parsed = parse(String(value));
    return parsed !== null && parsed >= least && parsed <= most ? parsed : null;
  };
}

/**
 * Gives members other names: what a person writes carries no unit, what the code reads does.
 *
 * @param names the new name of each member that gets one
 */
export function rename<const Names extends Readonly<Record<string, string>>>(names: Names) {
  return <T extends object>(value: T) => {
    const entries = Object.entries(value).map(([key, inner]) => [names[key] ?? key, inner]);
    return Object.fromEntries(entries) as Renamed<T, Names>;
  };
}

type Renamed<T, Names> = {
  [Key in keyof T as Key extends keyof Names ? Extract<Names[Key], string> : Key]: T[Key];
};

/** A list of at most `max` entries; `rule` completes "must be a list of …". */
export function list<T extends z.ZodType>(entry: T, rule: string, max: number) {
  return z
    .array(entry, { error: `must be a list of ${rule}` })
    .max(max, { error: `must have at most ${max}` });
}

/** The error of a mapping with names that a grammar bounds. @param what completes "must be a mapping of …" */
export function mappingRule(what: string, keyRule: string) {
  return ({ code }: { readonly code?: string | undefined }) =>
    code === 'invalid_key' ? keyRule : `must be a mapping of ${what}`;
}

/** Most entries of an ordinary list. */
export const maxListed = 1_000;

/** A repository, or a glob over repositories. Its meaning is checked where it is used. */
export function repositoryPattern() {
  return text('a repository or a glob of at most 256 characters', /^[^\s@]{1,256}$/);
}

const hostRule = 'a host with an optional port, as in registry.example.com:5000';

/** A registry, to its canonical form, by which everything else knows it. */
export function registryHost() {
  return read(text(hostRule, /.*/s), `must be ${hostRule}`, canonicalRegistry);
}

/** `host` or `host:port` of a service, as it is written. */
export function serviceHost() {
  const error = `must be ${hostRule}`;
  return text(hostRule, /.*/s).refine((host) => canonicalRegistry(host) !== null, { error });
}

/** A name as in the `Host` header, without a port. */
export function hostName() {
  return text(
    'a host name without a port, as in manifeed.example.com',
    /^[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9_])?$/,
  );
}

/** An http or https base URL without credentials. */
export function httpUrl() {
  const error = 'must be an http:// or https:// URL without credentials, query or fragment (#…)';
  return z
    .string({ error })
    .refine((value) => isPlainUrl(value) && URL.parse(value)?.search === '', { error });
}

/** An http or https URL whose path or query may be a secret: prints and errors show only its origin. */
export function secretUrl() {
  const error = 'must be an http:// or https:// URL without credentials, a fragment (#…) or white space';
  return z.string({ error }).refine(isPlainUrl, { error }).meta({ secret: 'path' });
}

function isPlainUrl(value: string): boolean {
  const url = URL.parse(value);
  // URLs are also read without slashes, and with white space around and in them. A path that is added to such a text
  // leads elsewhere.
  if (url === null || !/^https?:\/\/[^/\\\s][^\s]*$/i.test(value)) return false;
  return url.username === '' && url.password === '' && url.hash === '';
}

/** An exact origin as browsers send it. Any other spelling would never match. */
export function origin() {
  return z.string({ error: exactOrigin }).superRefine((value, context) => {
    const message = faultOfOrigin(value);
    if (message !== null) context.addIssue({ code: 'custom', message });
  });
}

const exactOrigin = 'must be an exact origin without "*" and path, as in https://app.example.com';

function faultOfOrigin(value: string): string | null {
  const url = value.includes('*') ? null : URL.parse(value);
  if (url === null || !/^(?:https?|wss?):$/.test(url.protocol)) return exactOrigin;
  // The origin of a page that opens a WebSocket is http(s), never ws(s).
  const asSent = url.origin.replace(/^ws/, 'http');
  return asSent === value ? null : `must be an exact origin, as browsers send it: write ${asSent}`;
}

/** An address, or a CIDR range. */
export function network() {
  const error = 'must be an address or a CIDR range, as in 10.0.0.0/8';
  return z.string({ error }).refine((value) => isNetwork(value), { error });
}

function isNetwork(value: string): boolean {
  const [address, prefix, ...more] = value.split('/');
  const version = isIP(address ?? '');
  if (version === 0 || more.length > 0) return false;
  if (prefix === undefined) return true;
  return /^[0-9]{1,3}$/.test(prefix) && Number(prefix) <= (version === 4 ? 32 : 128);
}

interface ListenAddress {
  readonly host: string;
  /** 0 for any free port. */
  readonly port: number;
}

/** Reads `HOST:PORT`, `[::1]:PORT`, `:PORT` (all addresses) or `PORT` (loopback). Null if it is none of these. */
export function parseListen(value: unknown): ListenAddress | null {
  // Other values may have a `toString` that is no function.
  if (typeof value !== 'string' && typeof value !== 'number') return null;
  const match = /^(?:(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]*):)?([0-9]{1,5})$/.exec(String(value));
  const port = Number(match?.[2]);
  if (match === null || port > 65_535) return null;
  const host = match[1]?.replace(/^\[|\]$/g, '') ?? '127.0.0.1';
  // Node listens on all addresses of both families for `::`.
  return { host: host === '' ? '::' : host, port };
}

/** Where to listen: a `ListenAddress`, from what `parseListen` reads. */
export function listenAddress() {
  const error = 'must be HOST:PORT, as in 127.0.0.1:8080 or [::1]:8080';
  return read(z.union([z.string(), z.number()], { error }), error, parseListen);
}

/** Whether only this machine can reach a listener on this host. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}
