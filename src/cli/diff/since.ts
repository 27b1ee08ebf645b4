/** `manifeed diff --since 24h REPO`: what a repository was then and is now, from `GET /v1/changes`. */
import { FeedError } from '../../../client/src/index.ts';
import { ManifeedError } from '../../errors.ts';
import { isGlob } from '../../event/glob.ts';
import { dockerHub } from '../../event/reference.ts';
import { parseRepositoryName } from '../../event/repository-pattern.ts';
import { changePage, tagPage } from '../asking/answers.ts';
import type { Ask } from '../asking/gateway.ts';
import { emptiedAt, listingOf } from '../asking/listing.ts';
import type { Output } from '../asking/output.ts';
import { pagesOf } from '../asking/pages.ts';
import { InputError, UsageError } from '../command.ts';
import { Blocks } from '../output/blocks.ts';
import { jsonLine } from '../output/escape.ts';
import { maxTags, Net } from './net.ts';
import { netLine } from './net-lines.ts';
import { diffCode } from './verdict.ts';

interface Past {
  /** `[host/]name` */
  readonly repository: string;
  /** Empty: all. */
  readonly tags: readonly string[];
  /** ms since the epoch. */
  readonly sinceMs: number;
}

/** A tag that moved, or was first seen, since then. */
interface Recent {
  readonly tag: string;
  /** RFC 3339. */
  readonly firstSeenAt: string;
}

/** @throws UsageError if it is not one repository */
export function parseRepository(text: string): string {
  const given = JSON.stringify(text.slice(0, 200));
  if (isGlob(text) || text.endsWith('/'))
    throw new UsageError(`read arguments: ${given}: with --since it must be one repository`);
  try {
    parseRepositoryName(text, dockerHub, 'repository', 'name');
    return text;
  } catch (error) {
    throw error instanceof ManifeedError ? new UsageError(error.message) : error;
  }
}

/** @returns the exit code */
export async function changedSince(ask: Ask, output: Output, past: Past): Promise<number> {
  // First: every change that the tags show is then among the changes.
  const recent = await readRecent(ask, past);
  const net = await readNet(ask, past);
  const doubts = await doubtsOf(ask, past, net, recent);
  const differences = net.differences;
  const since = new Date(past.sinceMs).toISOString();
  const blocks = new Blocks(output.out);
  for (const one of differences) await blocks.add(netLine(one, output));
  const reason = doubts[0]?.reason ?? null;
  const summary = { type: 'summary', certain: reason === null, reason, since };
  if (output.format === 'json') await blocks.add(jsonLine({ ...summary, differences: differences.length }));
  await blocks.flush();
  for (const { reason, text } of doubts)
    output.warn(`compare ${past.repository} with ${since}: in doubt: ${reason}: ${text}`);
  output.remark(`${differences.length} different, after ${net.changes} changes since ${since}`);
  const isDifferent = differences.some(({ type }) => type !== 'unknown');
  return diffCode({ isDifferent, isCertain: reason === null });
}

function queryOf({ repository, tags }: Past): URLSearchParams {
  const query = new URLSearchParams({ repository });
  for (const tag of tags) query.append('tag', tag);
  return query;
}

/** The tags that moved last, back to that time. */
async function readRecent(ask: Ask, past: Past): Promise<readonly Recent[]> {
  const query = queryOf(past);
  query.set('sort', 'updated');
  query.set('order', 'desc');
  const recent: Recent[] = [];
  const list = { path: '/v1/tags', query, place: 'cursor' as const, schema: tagPage };
  for await (const { tags } of pagesOf(ask, list)) {
    for (const { tag, firstSeenAt, updatedAt } of tags) {
      if (Date.parse(updatedAt) < past.sinceMs) return recent;
      if (recent.length >= maxTags) throw tooMany(past);
      recent.push({ tag, firstSeenAt });
    }
  }
  return recent;
}

/** Reads back until the changes are older than that. */
async function readNet(ask: Ask, past: Past): Promise<Net> {
  const net = new Net();
  const list = { path: '/v1/changes', query: queryOf(past), place: 'before' as const, schema: changePage };
  for await (const { changes } of pagesOf(ask, list)) {
    for (const change of changes) {
      if (Date.parse(change.recordedAt) < past.sinceMs) return net;
      if (!net.add(change)) throw tooMany(past);
    }
  }
  return net;
}

function tooMany({ repository }: Past): InputError {
  return new InputError(`compare ${repository}: more than ${maxTags} tags: must be narrowed by --tag`);
}

interface Doubt {
  readonly reason: string;
  readonly text: string;
}

async function doubtsOf(
  ask: Ask,
  past: Past,
  net: Net,
  recent: readonly Recent[],
): Promise<readonly Doubt[]> {
  const { kind } = await listingOf(ask, past.repository);
  if (kind === 'unknown') return [await doubtOfNone(ask, past)];
  // What the first look at a repository finds makes no change, so how it was before is not known.
  const silent = recent.find(({ tag }) => !net.has(tag));
  const doubts: readonly (Doubt | null)[] = [
    (await isKept(ask, past)) ? null : { reason: 'not-kept', text: 'not all changes since then are kept' },
    silent === undefined ? null : { reason: 'first-seen', text: `${silent.tag} ${firstSeen(silent)}` },
    kind === 'listed'
      ? null
      : { reason: kind, text: 'its list of tags was never read whole, so a change may have been missed' },
    net.hasUnknown ? { reason: 'no-digest', text: 'the digest of a tag is not known' } : null,
  ];
  return doubts.filter((doubt) => doubt !== null);
}

/** Of a repository that has no tag now. With its last tag went whether its list was ever read whole. */
async function doubtOfNone(ask: Ask, { repository }: Past): Promise<Doubt> {
  const at = await emptiedAt(ask, repository);
  const known = 'the gateway knows no tag of this repository';
  if (at === null)
    return { reason: 'unknown', text: `${known}: it must be watched, or told of by a webhook` };
  return { reason: 'not-listed', text: `${known} any more: the last one was deleted at ${at}` };
}

function firstSeen({ firstSeenAt }: Recent): string {
  return `was there when the gateway first looked, at ${firstSeenAt}: what was before is not known`;
}

/** Whether the changes since then are all kept. A stream that begins there says so: `/v1/changes` just ends. */
async function isKept(ask: Ask, past: Past): Promise<boolean> {
  const query = queryOf(past);
  query.set('since', new Date(past.sinceMs).toISOString());
  query.set('n', '1');
  try {
    await ask({ path: '/v2/updates', query });
    return true;
  } catch (error) {
    if (error instanceof FeedError && error.code === 'POSITION_GONE') return false;
    throw error;
  }
}
