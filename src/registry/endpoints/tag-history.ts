import { type Digest, parseDigest } from '../../event/digest.ts';
import { type Position, parsePosition } from '../../event/position.ts';
import type { RepositoryName } from '../../event/reference.ts';
import { compareMoments, formatNanos, type Moment } from '../../event/rfc3339.ts';
import { maxRows, maxStep, type Reading } from '../../reading/reading.ts';
import type { AnyRepositoryRequest, RegistryAnswer, RegistryEndpoint } from '../endpoint.ts';
import { badParameter, digestInvalid } from '../errors.ts';
import { describe, type IndexEntry, indexOf, indexType, leftOut, named } from '../lists/descriptors.ts';
import { linkOf } from '../lists/links.ts';
import { countOf, descriptorLimits, momentOf, parameterOf, requireTag } from '../lists/parameters.ts';
import type { ReadParts } from '../lists/parts.ts';
import { historySince, sequenceAfter, type TagEvent, TagEvents } from '../lists/tag-events.ts';

interface Asked {
  readonly tag: string;
  readonly n: number;
  readonly before: Moment | null;
  readonly since: Moment | null;
  readonly digest: Digest | null;
  /** Of a page before: only older changes. */
  readonly position: Position | null;
}

interface EventPage {
  /** At most `n`, newest first. */
  readonly events: readonly TagEvent[];
  /** The next page is of what is older; null: there is none. */
  readonly last: TagEvent | null;
}

/**
 * `GET /v2/<name>/_oci/tag-history/<tag>` (distribution-spec#606): an image index of what the tag pointed at, newest
 * first. 404 would say that there is no such endpoint here, so an unknown repository or tag has an empty history.
 */
export function tagHistory(parts: ReadParts): RegistryEndpoint {
  return {
    of: 'any-repository',
    route: ['_oci', 'tag-history', '*'],
    async handle(request) {
      const asked = read(request);
      const since = await historySince(parts.ledger);
      const { repository } = request;
      if (repository === null || asked.n === 0)
        return answerOf(request, asked, { events: [], last: null }, since, []);
      const page = await readPage(parts, request.enter(), repository, asked);
      return answerOf(request, asked, page, since, await entriesOf(parts, repository, page.events));
    },
  };
}

/** @throws RegistryError */
function read({ query, argument }: AnyRepositoryRequest): Asked {
  const digest = parameterOf(query, 'digest');
  const position = parameterOf(query, 'position');
  const asked = {
    ...{ tag: requireTag(argument), n: countOf(query, descriptorLimits) },
    ...{ before: momentOf(query, 'before'), since: momentOf(query, 'since') },
    digest: digest === null ? null : parseDigest(digest),
    position: position === null ? null : parsePosition(position),
  };
  if (digest !== null && asked.digest === null) throw digestInvalid();
  if (position !== null && asked.position === null)
    throw badParameter('position', 'that of a link to a next page');
  return asked;
}

async function readPage(
  parts: ReadParts,
  reading: Reading,
  repository: RepositoryName,
  asked: Asked,
): Promise<EventPage> {
  const { n, before, since, digest } = asked;
  const from = await startOf(parts, asked);
  const events = new TagEvents(parts.ledger, reading, { ...repository, tag: asked.tag }, from);
  const found: TagEvent[] = [];
  for (let last: TagEvent | null = null; ; ) {
    const run = await events.next(last === null ? n + 1 : maxStep);
    if (run === 'end') return { events: found, last: null };
    if (run === 'enough' && last !== null) return { events: found, last };
    if (run === 'enough')
      throw badParameter('before', `earlier: more than ${maxRows} events are of one millisecond`);
    for (const event of run) {
      if (before !== null && compareMoments(event.at, before) >= 0) continue;
      if (since !== null && compareMoments(event.at, since) <= 0) return { events: found, last: null };
      if (digest === null || digestOf(event) === digest) {
        if (found.length === n) return { events: found, last };
        found.push(event);
      }
      last = event;
    }
  }
}

/** The sequence that bounds the page. A position of another epoch says nothing here; the time beside it does. */
async function startOf({ ledger }: ReadParts, { position, before }: Asked): Promise<number | undefined> {
  if (position !== null && position.epoch === (await ledger.bounds()).epoch) return position.sequence;
  return before === null ? undefined : sequenceAfter(ledger, before.ms);
}

/** What the event names: of a deletion, what the tag pointed at before. */
function digestOf({ change }: TagEvent): Digest | null {
  return change.type === 'tag.deleted' ? change.previousDigest : change.digest;
}

/** Null: an event whose descriptor is not known. */
async function entriesOf(
  { ledger }: ReadParts,
  repository: RepositoryName,
  events: readonly TagEvent[],
): Promise<readonly (IndexEntry | null)[]> {
  const rows = events.map((event) => {
    const { type, mediaType, size } = event.change;
    const isDeleted = type === 'tag.deleted';
    return {
      digest: digestOf(event),
      mediaType: isDeleted ? null : mediaType,
      size: isDeleted ? null : size,
    };
  });
  const known = await describe(ledger, repository, named(rows));
  return events.map((event) => {
    const digest = digestOf(event);
    const descriptor = digest === null ? undefined : known.get(digest);
    if (descriptor === undefined) return null;
    const annotations = {
      'org.opencontainers.distribution.tag.timestamp': formatNanos(event.at),
      'org.opencontainers.distribution.tag.event':
        event.change.type === 'tag.deleted' ? 'deleted' : 'created',
    };
    return { ...descriptor, annotations };
  });
}

function answerOf(
  request: AnyRepositoryRequest,
  { since, digest }: Asked,
  { last }: EventPage,
  floorMs: number | null,
  entries: readonly (IndexEntry | null)[],
): RegistryAnswer {
  const known = entries.filter((entry) => entry !== null);
  const link =
    last === null
      ? {}
      : linkOf(request, {
          n: request.query.get('n'),
          before: formatNanos(last.at),
          since: since === null ? null : formatNanos(since),
          digest,
          position: `${last.change.epoch}-${last.change.sequence}`,
        });
  const headers = { 'content-type': indexType, ...link, ...leftOut(entries.length - known.length, 'event') };
  const floor =
    floorMs === null ? {} : { 'io.manifeed.history.since': formatNanos({ ms: floorMs, nanos: 0 }) };
  return { headers, body: indexOf(known, floor) };
}
