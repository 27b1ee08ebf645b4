/** Decodes data from Redis. Other programs may write there, so what no gateway can have stored is refused. */
import { type Change, type ChangeType, changeTypes } from '../../event/change.ts';
import { type Digest, isDigest } from '../../event/digest.ts';
import type { Platforms } from '../../event/platform.ts';
import type { RepositoryName } from '../../event/reference.ts';
import { asCount, asList, asNumber, asText, broken, orNull } from '../../redis/reply.ts';
import type { ManifestRow, TagRow } from '../decision.ts';
import type { Bounds, Outcome, TagState } from '../ledger.ts';
import type { ListMarks } from '../list-marks.ts';
import { badMember, isCount, isEpoch, isTimeMs } from '../stored-change.ts';
import { entrySum, isDigestSound } from './sum.ts';

/** Where the ledger stands, as a script answers it. */
export interface Standing {
  readonly epoch: string;
  readonly floor: number;
  readonly head: number;
  /** The head at which the epoch began. */
  readonly began: number;
  readonly reason: string;
  /** The server's time, ms since the epoch. */
  readonly now: number;
}

/** The answer of `record.lua`. */
export interface RecordReply {
  readonly epoch: string;
  readonly floor: number;
  /** The head before these changes. */
  readonly after: number;
  readonly began: number;
  /** Outcomes of each call; null: its pending observations were settled before. */
  readonly outcomes: readonly (readonly Outcome[] | null)[];
  /** How many of the changes belong to each call, in order. */
  readonly counts: readonly number[];
  readonly changes: readonly Change[];
}

/** `read` decodes the changes, and throws if they are not `count` valid ones; null: they were too many to send. */
export interface Announcement {
  readonly epoch: string;
  readonly first: number;
  readonly count: number;
  readonly read: (() => readonly Change[]) | null;
}

const outcomeLetters: Readonly<Record<string, Outcome>> = {
  c: 'changed',
  u: 'unchanged',
  s: 'stale',
  d: 'duplicate',
  n: 'unknown',
  w: 'waiting',
  f: 'filled',
};

/** Decodes the answer of `status.lua`. @throws UNAVAILABLE for another shape */
export function readStanding(reply: unknown): Standing {
  const [epoch, floor, head, began, reason, now] = asList(reply);
  return {
    epoch: asEpoch(epoch),
    floor: asCount(floor),
    head: asCount(head),
    began: asCount(began),
    reason: asText(reason ?? ''),
    now: asNumber(now),
  };
}

/** The fields of `meta` that `readBounds` takes, in order. */
export const boundsFields = ['epoch', 'floor', 'head', 'lost', 'summedFrom'] as const;

/** The bounds as `meta` holds them. */
export interface StoredBounds extends Bounds {
  /** Entries after this sequence have a checksum. */
  readonly summedFrom: number;
}

/** Null if the hash is lost or holds something else; the next script recreates it. */
export function readBounds(fields: readonly (string | null)[]): StoredBounds | null {
  const [epoch, ...rest] = fields;
  const [floor = NaN, head = NaN, lost = NaN, summedFrom = NaN] = rest.map((text) => Number(text ?? 0));
  if (!isEpoch(epoch) || ![floor, head, lost, summedFrom].every(isCount) || floor > head) return null;
  return { epoch, floor, head, summedFrom, ...(lost > 0 ? { lost } : {}) };
}

/** Decodes the answer of `record.lua`. @throws UNAVAILABLE for another shape */
export function readRecordReply(reply: unknown): RecordReply {
  const [epochText, floor, afterText, began, outcomes, counts, announcement] = asList(reply);
  const epoch = asEpoch(epochText);
  const after = asCount(afterText);
  return {
    epoch,
    floor: asCount(floor),
    after,
    began: asCount(began),
    outcomes: asList(outcomes).map(readOutcomes),
    counts: asText(counts).split(' ').map(asNumber),
    changes: readChanges(bodyOf(asText(announcement)), epoch, after + 1),
  };
}

/** What follows the heading of an announcement. */
function bodyOf(text: string): string {
  return text.slice(text.indexOf('\n') + 1);
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

const headingGrammar = /^([0-9a-z]{1,32}) ([0-9]{1,16}) ([0-9]{1,16})$/;
/** A longer message is not parsed, characters: some ten times what `maxPublished` changes need. */
export const maxAnnouncementLength = 4_000_000;

/** Null if it is no announcement: anyone with the password can publish on the channel. */
export function readAnnouncement(text: string): Announcement | null {
  if (text.length > maxAnnouncementLength) return null;
  const end = text.indexOf('\n');
  const heading = headingGrammar.exec(end === -1 ? '' : text.slice(0, end));
  if (heading === null) return null;
  const [, epoch, firstText, countText] = heading;
  const [first, count] = [Number(firstText), Number(countText)];
  if (epoch === undefined || !isCount(first + count)) return null;
  const body = text.slice(end + 1);
  const read = () => {
    const changes = readChanges(body, epoch, first);
    if (changes.length !== count) throw broken(`${count} changes`, `${changes.length}`);
    return changes;
  };
  return { epoch, first, count, read: body === '' ? null : read };
}

function readChanges(json: string, epoch: string, first: number): Change[] {
  const rows: unknown = JSON.parse(json);
  // Lua has one kind of table, so an empty list may arrive as an empty object.
  if (!Array.isArray(rows)) return [];
  return rows.map((row, i) => toChange(row, epoch, first + i));
}

/** The sequence of an entry, whose id is `<sequence>-0`; null if another program chose the id. */
export function sequenceOfEntry(entry: unknown): number | null {
  const id = String(asList(entry)[0]);
  const sequence = Number(id.slice(0, -2));
  return id.endsWith('-0') && isCount(sequence) ? sequence : null;
}

/**
 * An entry of the stream: `[<sequence>-0, ['c', <list>, 's', <its checksum>]]`. Null if no gateway stored it like
 * this: a bit flipped, or another program wrote it.
 */
export function readEntry(entry: unknown, { epoch, summedFrom }: StoredBounds): Change | null {
  const sequence = sequenceOfEntry(entry);
  if (sequence === null) return null;
  try {
    const fields = asList(asList(entry)[1]);
    const text = asText(fields[1]);
    if (fields.length < 4 ? sequence > summedFrom : fields[3] !== entrySum(text)) return null;
    return toChange(JSON.parse(text), epoch, sequence);
  } catch {
    return null;
  }
}

/** @param row in the order of `lua/keys.lua`: recordedAt, type, registry, … */
function toChange(row: unknown, epoch: string, sequence: number): Change {
  // By index: destructuring costs an iterator for each of the thousands of changes of a replay.
  const of = asList(row);
  const plain: Change = {
    epoch,
    sequence,
    type: asChangeType(of[1]),
    registry: asText(of[2]),
    repository: asText(of[3]),
    tag: orNull(of[4], asText),
    digest: orNull(of[5], asDigest),
    previousDigest: orNull(of[6], asDigest),
    mediaType: orNull(of[7], asText),
    size: orNull(of[8], asNumber),
    occurredAt: asNumber(of[9]),
    recordedAt: asNumber(of[0]),
    origin: asText(of[10]),
  };
  const change = of.length > 12 ? { ...plain, ...readPlatforms(asText(of[12]), of[13]) } : plain;
  const bad = badMember(change);
  if (bad !== null) throw broken(`a ${bad} of a change`, change[bad]);
  // Its row was damaged when the change was made, so the previous digest is unknown.
  return isDigestSound(change, change.previousDigest, of[11]) ? change : { ...change, previousDigest: null };
}

/** Both as JSON; the caller checks what they say. */
function readPlatforms(platforms: string, moved: unknown): Pick<Change, 'platforms' | 'movedPlatforms'> {
  try {
    const read: Platforms | null = JSON.parse(platforms);
    return moved === undefined
      ? { platforms: read }
      : { platforms: read, movedPlatforms: JSON.parse(asText(moved)) };
  } catch {
    throw broken('the platforms of a change', platforms);
  }
}

/** @returns the tag; null if no gateway stored the row like this */
export function readTagState(
  registry: string,
  repository: string,
  tag: string,
  text: string,
): TagState | null {
  return readTagRow({ registry, repository, tag }, text)?.state ?? null;
}

/** A row of the index: what readers see, and what only the decision and some queries need. */
interface StoredTag {
  readonly state: TagState;
  readonly present: boolean;
  readonly remembered: Omit<TagRow, keyof TagState | 'present'>;
}

/**
 * @param text `[digest, mediaType, size, present, asOf, firstSeenAt, updatedAt, sequence, lookedAt, saidAt, saidBy,
 *   checkedAt, checksum]`; earlier formats lack some from `lookedAt` on
 * @returns null if no gateway stored the row like this
 */
export function readTagRow(
  { registry, repository, tag }: RepositoryName & { readonly tag: string },
  text: string,
): StoredTag | null {
  try {
    const row = asList(JSON.parse(text));
    // By index: destructuring costs an iterator for each of the thousand rows of a page.
    const hasTimes = row.length >= 12;
    const digest = orNull(row[0], asDigest);
    if (!isDigestSound({ registry, repository, tag }, digest, row.at(-1))) return null;
    const state = {
      registry,
      repository,
      tag,
      digest,
      mediaType: orNull(row[1], asText),
      size: orNull(row[2], asCount),
      firstSeenAt: asTimeMs(row[5]),
      updatedAt: asTimeMs(row[6]),
      sequence: asCount(row[7]),
    };
    const remembered = {
      asOf: asNumber(row[4]),
      lookedAt: hasTimes ? orNull(row[8], asNumber) : null,
      saidAt: hasTimes ? orNull(row[9], asNumber) : null,
      saidBy: hasTimes ? orNull(row[10], asText) : null,
      checkedAt: row.length >= 13 ? orNull(row[11], asNumber) : null,
    };
    return { state, present: row[3] === 1, remembered };
  } catch {
    return null;
  }
}

/**
 * @param text `asOf present`; if a sender gave a time `asOf,saidAt,saidBy present`; if media type or size is known
 *   `… present;size;mediaType`
 * @throws UNAVAILABLE for another shape
 */
export function readManifestRow(of: RepositoryName, digest: string, text: string): ManifestRow {
  const [believed = '', known = ''] = text.split(' ', 2);
  const [asOf, saidAt = null, ...saidBy] = believed.split(',');
  const [present, size = '', mediaType = ''] = known.split(';');
  return {
    ...{ registry: of.registry, repository: of.repository, digest: asDigest(digest) },
    present: present === '1',
    mediaType: mediaType === '' ? null : mediaType,
    size: size === '' ? null : asCount(size),
    asOf: asNumber(asOf),
    saidAt: orNull(saidAt, asNumber),
    saidBy: saidAt === null ? null : saidBy.join(','),
  };
}

/** @param text `wholeAt readAt`; null: the list was never read whole. @throws UNAVAILABLE for another shape */
export function readListMarks(text: string | null): ListMarks | null {
  if (text === null || text === '') return null;
  const [wholeAt, readAt] = text.split(' ').map(asNumber);
  if (wholeAt === undefined || readAt === undefined) throw broken('list marks', text);
  return { wholeAt, readAt };
}

const knownTypes: ReadonlySet<unknown> = new Set(changeTypes);

function asChangeType(value: unknown): ChangeType {
  if (isChangeType(value)) return value;
  throw broken('a type of change', value);
}

function isChangeType(value: unknown): value is ChangeType {
  return knownTypes.has(value);
}

/** @throws UNAVAILABLE if the value is not a digest */
export function asDigest(value: unknown): Digest {
  const text = asText(value);
  if (isDigest(text)) return text;
  throw broken('a digest', value);
}

function asTimeMs(value: unknown): number {
  const number = asNumber(value);
  if (isTimeMs(number)) return number;
  throw broken('a time in ms', value);
}

function asEpoch(value: unknown): string {
  if (isEpoch(value)) return value;
  throw broken('an epoch', value);
}
