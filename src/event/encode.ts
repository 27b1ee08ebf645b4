/** The wire form of a change and of a tag's state. Each is encoded once, and all subscribers share the bytes. */
import type { Change } from './change.ts';
import type { Digest } from './digest.ts';
import { formatPosition } from './position.ts';

/**
 * A change as JSON, with its members in the order of PROTOCOL.md; `platforms` only if the change has it. The size is in bytes; times are RFC 3339 in UTC
 * with milliseconds.
 *
 * @throws RangeError for a time that a `Date` cannot hold
 */
export function changeToJson(change: Change): string {
  return JSON.stringify({
    position: formatPosition(change.epoch, change.sequence),
    type: change.type,
    registry: change.registry,
    repository: change.repository,
    tag: change.tag,
    digest: change.digest,
    previousDigest: change.previousDigest,
    mediaType: change.mediaType,
    size: change.size,
    occurredAt: timestamp(change.occurredAt),
    recordedAt: timestamp(change.recordedAt),
    origin: change.origin,
    platforms: change.platforms,
  });
}

/** Prefix of a CloudEvent's type, in reverse DNS as CloudEvents 1.0 ("type") recommends. */
const cloudEventTypePrefix = 'io.manifeed.';

/**
 * The change as a CloudEvents 1.0 JSON object ("JSON Event Format", structured mode). `id` is the position, which
 * is unique within each `source`. `data` is the change itself.
 *
 * @throws as `changeToJson`
 */
export function changeToCloudEvent(change: Change): string {
  const event = JSON.stringify({
    specversion: '1.0',
    id: formatPosition(change.epoch, change.sequence),
    // A network-path reference (RFC 3986, 4.2), because a repository has a host but no scheme.
    source: `//${change.registry}/${change.repository}`,
    type: `${cloudEventTypePrefix}${change.type}`,
    subject: subject(change),
    time: timestamp(change.occurredAt),
    datacontenttype: 'application/json',
  });
  return `${event.slice(0, -1)},"data":${changeToJson(change)}}`;
}

function subject(change: Change): string {
  if (change.tag !== null) return `${change.repository}:${change.tag}`;
  return change.digest === null ? change.repository : `${change.repository}@${change.digest}`;
}

/** What is known of a tag, for the wire. */
export interface EncodableTagState {
  readonly registry: string;
  readonly repository: string;
  readonly tag: string;
  readonly digest: Digest | null;
  readonly mediaType: string | null;
  readonly size: number | null;
  /** ms since the epoch. */
  readonly firstSeenAt: number;
  /** When it last began to point at another digest, ms since the epoch. */
  readonly updatedAt: number;
}

/** One row of a snapshot: what a tag points at now. */
export function tagStateToJson(state: EncodableTagState): string {
  return JSON.stringify({
    registry: state.registry,
    repository: state.repository,
    tag: state.tag,
    digest: state.digest,
    mediaType: state.mediaType,
    size: state.size,
    firstSeenAt: timestamp(state.firstSeenAt),
    updatedAt: timestamp(state.updatedAt),
  });
}

function timestamp(timeMs: number): string {
  return new Date(timeMs).toISOString();
}
