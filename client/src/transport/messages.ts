/** Reads what the gateway sends. It checks the members that the client itself uses; nothing else is its business. */
import { FeedError, protocolError } from '../feed-error.ts';
import type { Change, Farewell, Message, ResetReason, TagState } from '../wire.ts';
import { boundedRetry } from './retry.ts';

/** A JSON object. */
export type Members = Readonly<Record<string, unknown>>;

/** @throws FeedError PROTOCOL */
export function parseObject(text: string): Members {
  const value = parseJson(text);
  if (isObject(value)) return value;
  throw protocolError(`read message: ${quote(text)}: must be a JSON object`);
}

/** @throws FeedError PROTOCOL */
export function parseList(text: string): readonly unknown[] {
  const value = parseJson(text);
  if (Array.isArray(value)) return value;
  throw protocolError(`read message: ${quote(text)}: must be a JSON list`);
}

/** @param what for errors @throws FeedError PROTOCOL */
export function parseJson(text: string, what = `message: ${quote(text)}`): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw protocolError(`read ${what}: must be JSON`, { cause });
  }
}

export function isObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A string member. @throws FeedError PROTOCOL that names it */
export function stringOf(members: Members, name: string): string {
  const value = members[name];
  if (typeof value === 'string') return value;
  throw protocolError(`read message: ${name}: ${JSON.stringify(value) ?? 'missing'}: must be a string`);
}

/** @throws FeedError PROTOCOL */
export function toChange(value: unknown): Change {
  return checked(value, 'change', ['position', 'type', 'registry', 'repository']);
}

/** @throws FeedError PROTOCOL */
export function toRow(value: unknown): TagState {
  return checked(value, 'state', ['registry', 'repository', 'tag']);
}

/**
 * A message by its name: the `event` of SSE, the `type` of a WebSocket message. Null: unknown, to be ignored.
 *
 * @param resume of a change
 * @throws FeedError PROTOCOL
 */
export function toMessage(name: string, members: Members): Message | Farewell | null {
  switch (name) {
    case 'ready': {
      const heartbeatMs = numberOf(members.heartbeatMs);
      return { kind: 'ready', position: stringOf(members, 'position'), heartbeatMs: heartbeatMs ?? 0 };
    }
    case 'reset': {
      const reason = reasonOf(stringOf(members, 'reason'));
      const position = stringOf(members, 'position');
      return { kind: 'reset', reason, position, floor: stringOf(members, 'floor') };
    }
    case 'bye':
      return { kind: 'bye', error: farewellOf(stringOf(members, 'reason'), numberOf(members.retryMs)) };
    default:
      return null;
  }
}

const reasons: readonly ResetReason[] = ['epoch', 'below-floor', 'ahead-of-head'];

/** The members that the client itself reads are strings. */
function checked<T extends object>(value: unknown, what: string, names: readonly (keyof T & string)[]): T {
  if (hasStrings<T>(value, names)) return value;
  throw protocolError(`read ${what}: ${quote(JSON.stringify(value))}: must have the strings ${names}`);
}

function hasStrings<T>(value: unknown, names: readonly string[]): value is T {
  return isObject(value) && names.every((name) => typeof value[name] === 'string');
}

/** A reason of a later version counts as the one that says least. */
function reasonOf(text: string): ResetReason {
  return reasons.find((reason) => reason === text) ?? 'continuity-lost';
}

function farewellOf(reason: string, retryMs: number | null): FeedError {
  const message = `read messages: the gateway said ${reason}`;
  return new FeedError(reason, message, { retryMs: boundedRetry(retryMs) });
}

function numberOf(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : null;
}

function quote(text: string | undefined): string {
  return JSON.stringify((text ?? '').slice(0, 100));
}
