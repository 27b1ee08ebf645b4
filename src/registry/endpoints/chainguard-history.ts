import { type RepositoryName, repositoryKey } from '../../event/reference.ts';
import { compareMoments, type Moment } from '../../event/rfc3339.ts';
import { maxRows, maxStep, type Reading } from '../../reading/reading.ts';
import { json, type RegistryEndpoint } from '../endpoint.ts';
import { badParameter, nameUnknown } from '../errors.ts';
import { leftOut } from '../lists/descriptors.ts';
import { momentOf, requireTag } from '../lists/parameters.ts';
import type { ReadParts } from '../lists/parts.ts';
import { sequenceAfter, type TagEvent, TagEvents } from '../lists/tag-events.ts';

/** Entries of one answer. A client goes on with the time of the last one as `start`. */
const maxEntries = 1_000;

interface Range {
  readonly start: Moment | null;
  readonly end: Moment | null;
}

/**
 * `GET /v2/<name>/_chainguard/history/<tag>`: what the tag was put on, oldest first; `start` and `end` are included.
 * Chainguard's registry has this endpoint. It knows no deletions.
 */
export function chainguardHistory(parts: ReadParts): RegistryEndpoint {
  return {
    of: 'repository',
    route: ['_chainguard', 'history', '*'],
    async handle({ query, argument, repository, name, enter }) {
      const tag = requireTag(argument);
      const range = { start: momentOf(query, 'start'), end: momentOf(query, 'end') };
      const reading = enter();
      const before = range.end === null ? undefined : await sequenceAfter(parts.ledger, range.end.ms);
      const events = new TagEvents(parts.ledger, reading, { ...repository, tag }, before);
      const found = await readRange(events, range);
      if (found.length === 0 && !(await isKnown(parts, reading, repository))) throw nameUnknown(name);
      const oldest = found.slice(-maxEntries).reverse();
      const history = oldest.flatMap(({ change }) =>
        change.digest === null ? [] : [{ updateTimestamp: timeOf(change.recordedAt), digest: change.digest }],
      );
      return json({ history }, leftOut(oldest.length - history.length, 'event'));
    },
  };
}

/** Newest first. The times that are answered have whole milliseconds: by these an event is in the range or not. */
async function readRange(events: TagEvents, { start, end }: Range): Promise<readonly TagEvent[]> {
  const found: TagEvent[] = [];
  for (;;) {
    const run = await events.next(maxStep);
    if (run === 'end') return found;
    if (run === 'enough') throw badParameter('start', `later: more than ${maxRows} events are newer`);
    for (const event of run) {
      const at = { ms: event.at.ms, nanos: 0 };
      if (end !== null && compareMoments(at, end) > 0) continue;
      if (start !== null && compareMoments(at, start) < 0) return found;
      if (event.change.type !== 'tag.deleted') found.push(event);
    }
  }
}

async function isKnown(
  { ledger }: ReadParts,
  reading: Reading,
  repository: RepositoryName,
): Promise<boolean> {
  const within = { repositories: [repositoryKey(repository)] };
  const listed = await reading.step(() => ledger.listRepositories({ within, limit: 1 }));
  if (listed.repositories.length > 0) return true;
  return (await reading.step(() => ledger.history({ of: repository, limit: 1 }))).changes.length > 0;
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString();
}
