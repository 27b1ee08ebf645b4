/** Reads what the gateway sends. It checks the members that the client itself uses; nothing else is its business. */
import { protocolError } from '../feed-error.ts';
import type { Change, Message, ResetReason, TagState } from '../wire.ts';

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
  throw protocolError(`read answer: ${quote(text)}: must be a JSON list`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw protocolError(`read message: ${quote(text)}: must be JSON`, { cause });
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
  if (isChange(value)) return value;
  throw protocolError(`read change: ${quote(JSON.stringify(value))}: must have the strings ${changeMembers}`);
}

/** @throws FeedError PROTOCOL */
export function toRow(value: unknown): TagState {
  if (isRow(value)) return value;
  throw protocolError(`read state: ${quote(JSON.stringify(value))}: must have the strings ${rowMembers}`);
}

/**
 * A message by its name: the `event` of SSE, the `type` of a WebSocket message. Null: unknown, to be ignored.
 *
 * @param resume of a change
 * @throws FeedError PROTOCOL
 */
export function toMessage(name: string, members: Members): Message | null {
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
      return { kind: 'bye', reason: stringOf(members, 'reason'), retryMs: numberOf(members.retryMs) };
    default:
      return null;
  }
}

const changeMembers = ['position', 'type', 'registry', 'repository'] as const;
const rowMembers = ['registry', 'repository', 'tag'] as const;
const reasons: ReadonlySet<string> = new Set<ResetReason>([
  ...(['epoch', 'below-floor', 'ahead-of-head', 'continuity-lost'] as const),
]);

function isChange(value: unknown): value is Change {
  return isObject(value) && changeMembers.every((name) => typeof value[name] === 'string');
}

function isRow(value: unknown): value is TagState {
  return isObject(value) && rowMembers.every((name) => typeof value[name] === 'string');
}

/** A reason of a later version counts as the one that says least. */
function reasonOf(text: string): ResetReason {
  return isReason(text) ? text : 'continuity-lost';
}

function isReason(text: string): text is ResetReason {
  return reasons.has(text);
}

function numberOf(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : null;
}

function quote(text: string | undefined): string {
  return JSON.stringify((text ?? '').slice(0, 100));
}
