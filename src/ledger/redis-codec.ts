/** Reads what the scripts return and publish. A shape that they never make is a broken invariant and throws. */
import { type Change, type ChangeType, changeTypes } from '../event/change.ts';
import { type Digest, isDigest } from '../event/digest.ts';
import type { Outcome, TagState } from './ledger.ts';

/** Where the ledger stands, as a script saw it. */
export interface Standing {
  readonly epoch: string;
  readonly floor: number;
  readonly head: number;
  /** The head at which the epoch began. */
  readonly began: number;
  /** Why the epoch began. */
  readonly reason: string;
}

export interface RecordReply {
  readonly epoch: string;
  readonly floor: number;
  /** The head before these changes. */
  readonly after: number;
  readonly began: number;
  /** For each call its outcomes; null: its pending observations were settled before. */
  readonly outcomes: readonly (readonly Outcome[] | null)[];
  /** For each call how many of the changes are its own, in order. */
  readonly counts: readonly number[];
  readonly changes: readonly Change[];
}

/** A message of the channel. `read` decodes the changes; null where they were too many to send. */
export interface Announcement {
  readonly epoch: string;
  readonly first: number;
  readonly count: number;
  readonly read: (() => readonly Change[]) | null;
}

/**
 * JSON that Lua's decoder takes whole. It refuses a text with a lone surrogate in it, and one media type from a
 * stranger must not spoil the group of everyone's observations; U+FFFD stands in its place.
 */
export function encodeForLua(value: unknown): string {
  const text = JSON.stringify(value);
  // JSON.stringify escapes no other character as \ud…
  return text.includes('\\ud') ? JSON.stringify(value, wellFormed) : text;
}

function wellFormed(_key: string, value: unknown): unknown {
  return typeof value === 'string' ? value.toWellFormed() : value;
}

const outcomeLetters: Readonly<Record<string, Outcome>> = {
  c: 'changed',
  u: 'unchanged',
  s: 'stale',
  d: 'duplicate',
  n: 'unknown',
  f: 'filled',
};

export function readStanding(reply: unknown): Standing {
  const [epoch, floor, head, began, reason] = asList(reply);
  return {
    epoch: asText(epoch),
    floor: asNumber(floor),
    head: asNumber(head),
    began: asNumber(began),
    reason: asText(reason ?? ''),
  };
}

export function readRecordReply(reply: unknown): RecordReply {
  const [epochText, floor, afterText, began, outcomes, counts, changes] = asList(reply);
  const epoch = asText(epochText);
  const after = asNumber(afterText);
  return {
    epoch,
    floor: asNumber(floor),
    after,
    began: asNumber(began),
    outcomes: asList(outcomes).map(readOutcomes),
    counts: asText(counts).split(' ').map(asNumber),
    changes: readChanges(asText(changes), epoch, after + 1),
  };
}

function readOutcomes(letters: unknown): readonly Outcome[] | null {
  const text = asText(letters);
  if (text === '-') return null;
  return [...text].map((letter) => {
    const outcome = outcomeLetters[letter];
    if (outcome === undefined) throw broken('an outcome', letter);
    return outcome;
  });
}

const headingGrammar = /^([0-9a-z]+) ([0-9]+) ([0-9]+)$/;

/** Null where the text is no announcement: anyone with the password may publish on the channel. */
export function readAnnouncement(text: string): Announcement | null {
  const end = text.indexOf('\n');
  const heading = headingGrammar.exec(end === -1 ? '' : text.slice(0, end));
  if (heading === null) return null;
  const [, epoch, first, count] = heading.map(String);
  if (epoch === undefined) return null;
  const body = text.slice(end + 1);
  const read = () => readChanges(body, epoch, Number(first));
  return { epoch, first: Number(first), count: Number(count), read: body === '' ? null : read };
}

function readChanges(json: string, epoch: string, first: number): Change[] {
  const rows: unknown = JSON.parse(json);
  // Lua has one kind of table, so an empty list may come out as an empty object.
  if (!Array.isArray(rows)) return [];
  return rows.map((row, i) => toChange(row, epoch, first + i));
}

/** An entry of the stream: `[<sequence>-0, ['c', <json>]]`. */
export function readEntry(entry: unknown, epoch: string): Change {
  const [id, fields] = asList(entry);
  const sequence = asNumber(asText(id).split('-', 1)[0]);
  return toChange(JSON.parse(asText(asList(fields)[1])), epoch, sequence);
}

function toChange(row: unknown, epoch: string, sequence: number): Change {
  const [recordedAt, type, registry, repository, tag, digest, previous, mediaType, size, occurredAt, origin] =
    asList(row);
  return {
    epoch,
    sequence,
    type: asChangeType(type),
    registry: asText(registry),
    repository: asText(repository),
    tag: orNull(tag, asText),
    digest: orNull(digest, asDigest),
    previousDigest: orNull(previous, asDigest),
    mediaType: orNull(mediaType, asText),
    size: orNull(size, asNumber),
    occurredAt: asNumber(occurredAt),
    recordedAt: asNumber(recordedAt),
    origin: asText(origin),
  };
}

/** `row`: `[digest, mediaType, size, present, asOf, firstSeenAt, updatedAt, sequence]` as JSON. */
export function readTagState(registry: string, repository: string, tag: string, row: string): TagState {
  const [digest, mediaType, size, , , firstSeenAt, updatedAt, sequence] = asList(JSON.parse(row));
  return {
    registry,
    repository,
    tag,
    digest: orNull(digest, asDigest),
    mediaType: orNull(mediaType, asText),
    size: orNull(size, asNumber),
    firstSeenAt: asNumber(firstSeenAt),
    updatedAt: asNumber(updatedAt),
    sequence: asNumber(sequence),
  };
}

const knownTypes: ReadonlySet<unknown> = new Set(changeTypes);

function asChangeType(value: unknown): ChangeType {
  if (isChangeType(value)) return value;
  throw broken('a type of change', value);
}

function isChangeType(value: unknown): value is ChangeType {
  return knownTypes.has(value);
}

export function asDigest(value: unknown): Digest {
  const text = asText(value);
  if (isDigest(text)) return text;
  throw broken('a digest', value);
}

function orNull<T>(value: unknown, read: (value: unknown) => T): T | null {
  return value === null ? null : read(value);
}

export function asList(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw broken('a list', value);
}

export function asText(value: unknown): string {
  if (typeof value === 'string') return value;
  throw broken('a text', value);
}

/** A number, or the text of one: Redis answers with texts where numbers may be large. */
export function asNumber(value: unknown): number {
  const number = typeof value === 'string' && value !== '' ? Number(value) : value;
  if (typeof number === 'number' && Number.isFinite(number)) return number;
  throw broken('a number', value);
}

function broken(required: string, value: unknown): Error {
  return new Error(`read from Redis: ${String(value).slice(0, 100)}: must be ${required}`);
}
