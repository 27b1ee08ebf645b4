import { invalidParameter } from '../errors.ts';

/** The last row of a page of tags: the next page starts after it. */
export interface TagCursor {
  readonly registry: string;
  readonly repository: string;
  readonly tag: string;
}

const maxCursorLength = 2_048;

/** Opaque to callers, so that an implementation may change it; URL-safe. */
export function formatTagCursor(cursor: TagCursor): string {
  return Buffer.from(JSON.stringify([cursor.registry, cursor.repository, cursor.tag])).toString('base64url');
}

/** @throws PARAMETER_INVALID naming `cursor` */
export function parseTagCursor(text: string): TagCursor {
  const parts = text.length <= maxCursorLength ? decode(text) : null;
  const [registry, repository, tag] = Array.isArray(parts) ? parts : [];
  if (typeof registry !== 'string' || typeof repository !== 'string' || typeof tag !== 'string')
    throw invalidParameter('cursor', 'read tags: unknown cursor: must be the cursor of the page before');
  return { registry, repository, tag };
}

function decode(text: string): unknown {
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString());
  } catch {
    return null;
  }
}

/** Byte order of registry, repository and tag, in every implementation. All three are ASCII. */
export function compareTags(a: TagCursor, b: TagCursor): number {
  return (
    compareText(a.registry, b.registry) ||
    compareText(a.repository, b.repository) ||
    compareText(a.tag, b.tag)
  );
}

/** The order of JavaScript's strings: for ASCII that of the bytes. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
