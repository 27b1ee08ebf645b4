/**
 * The wire form of a change and of a tag's state. The bytes are the same for every subscriber, so each is made
 * once and shared; nothing here depends on who listens.
 */
import type { Change } from './change.ts';
import type { Digest } from './digest.ts';
import { formatPosition } from './position.ts';

/** A change as JSON, members in the order that PROTOCOL.md gives. Times are RFC 3339 in UTC with milliseconds. */
export interface WireChange {
  readonly position: string;
  readonly type: string;
  readonly registry: string;
  readonly repository: string;
  readonly tag: string | null;
  readonly digest: string | null;
  readonly previousDigest: string | null;
  readonly mediaType: string | null;
  /** Bytes of the manifest. */
  readonly size: number | null;
  readonly occurredAt: string;
  readonly recordedAt: string;
  readonly origin: string;
}

export function wireChange(change: Change): WireChange {
  return {
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
  };
}

export function changeToJson(change: Change): string {
  return JSON.stringify(wireChange(change));
}

/** Prefix of a CloudEvent's type: reverse-DNS, as CloudEvents 1.0 ("type") recommends. */
const cloudEventTypePrefix = 'io.manifeed.';

/**
 * The change as a CloudEvents 1.0 JSON object ("JSON Event Format", structured mode). `id` is the position,
 * which is unique within every `source`; the change itself is `data`.
 */
export function changeToCloudEvent(change: Change): string {
  return JSON.stringify({
    specversion: '1.0',
    id: formatPosition(change.epoch, change.sequence),
    // A network-path reference (RFC 3986, 4.2): a repository has a host but no scheme of its own.
    source: `//${change.registry}/${change.repository}`,
    type: `${cloudEventTypePrefix}${change.type}`,
    subject: subject(change),
    time: timestamp(change.occurredAt),
    datacontenttype: 'application/json',
    data: wireChange(change),
  });
}

function subject(change: Change): string {
  if (change.tag !== null) return `${change.repository}:${change.tag}`;
  return change.digest === null ? change.repository : `${change.repository}@${change.digest}`;
}

/** What a snapshot row needs; the ledger's `TagState` has it. */
export interface EncodableTagState {
  readonly registry: string;
  readonly repository: string;
  readonly tag: string;
  readonly digest: Digest | null;
  readonly mediaType: string | null;
  readonly size: number | null;
  /** ms since the epoch. */
  readonly firstSeenAt: number;
  /** When it last began to point elsewhere, ms since the epoch. */
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

/** toISOString allocates a Date each time, but a change is encoded once for all subscribers. */
function timestamp(timeMs: number): string {
  return new Date(timeMs).toISOString();
}
