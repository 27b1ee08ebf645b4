/** What people read of a delivery: e-mail and chat. Plain ASCII; whoever puts it elsewhere escapes it for there. */
import type { WireChange } from '../event/wire-change.ts';
import { imageNames } from './image-names.ts';
import type { ChangeDelivery } from './kind.ts';

interface Message {
  /** One line. */
  readonly title: string;
  /** A line for each change, the newest first. */
  readonly body: string;
}

/** More changes are only counted. */
const maxLines = 20;
/** Characters of a digest: `sha256:` and twelve digits. */
const digestLength = 19;

export function messageOf({ kind, change, changes }: ChangeDelivery): Message {
  const { familiar } = imageNames(change);
  const what = changes.length === 1 ? told(change) : `${changes.length} changes`;
  const title = `${kind === 'test' ? 'Test: ' : ''}${familiar}: ${what}`;
  const lines = changes.toReversed().slice(0, maxLines).map(lineOf);
  const more = changes.length - lines.length;
  return { title, body: [...lines, ...(more > 0 ? [`and ${more} more`] : [])].join('\n') };
}

/** `1.27 updated`; without a tag `manifest pushed`. */
function told({ tag, type }: WireChange): string {
  return `${tag ?? 'manifest'} ${actionOf(type)}`;
}

function lineOf(change: WireChange): string {
  const { registry, repository, tag, digest, previousDigest } = change;
  const name = `${registry}/${repository}${tag === null ? '' : `:${tag}`}`;
  const now = digest === null ? '' : `: ${short(digest)}`;
  const before = previousDigest === null ? '' : `, was ${short(previousDigest)}`;
  return `${name} ${actionOf(change.type)}${now}${before}`;
}

/** `tag.updated` to `updated`. */
export function actionOf(type: WireChange['type']): string {
  return type.slice(type.indexOf('.') + 1);
}

function short(digest: string): string {
  return digest.slice(0, digestLength);
}
