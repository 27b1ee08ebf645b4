import { isTag, splitHost } from './reference.ts';

/** An image whose tag may be a range of versions. */
export interface SplitImage {
  /** The image without the range: `[host/]name[:tag][@digest]`. */
  readonly rest: string;
  /** Null: none is written in it. */
  readonly range: string | null;
}

/**
 * Takes a range out of the place of the tag: `nginx:^1.27`. What can be a tag is one, even if it would be a range too:
 * `1.27`, `1.x`. It does not validate.
 */
export function splitRange(text: string, defaultRegistry: string): SplitImage {
  const at = text.indexOf('@');
  const beforeDigest = at < 0 ? text : text.slice(0, at);
  const { name } = splitHost(beforeDigest, defaultRegistry);
  const colon = name.indexOf(':');
  const tag = name.slice(colon + 1);
  if (colon < 0 || isTag(tag) || !/^[<>=^~*\d][^/]*$/.test(tag)) return { rest: text, range: null };
  const before = beforeDigest.slice(0, beforeDigest.length - tag.length - 1);
  return { rest: before + text.slice(beforeDigest.length), range: tag };
}
