import { invalidParameter } from '../../../errors.ts';
import { type Digest, parseDigest } from '../../../event/digest.ts';
import { splitRange } from '../../../event/image-range.ts';
import { parsePlatform } from '../../../event/platform.ts';
import { parseReference } from '../../../event/reference.ts';
import { parseTagRange, type TagRange, versionKey } from '../../../event/semver-tag.ts';
import type { TagName } from '../../../ledger/queries.ts';
import type { Reading } from '../../../reading/reading.ts';
import { quote } from '../../../transport/parameters.ts';

/** One image as a client names it. */
export interface ImageText {
  readonly image: string;
  readonly digest?: string | undefined;
  readonly range?: string | undefined;
  readonly platform?: string | undefined;
}

/** One image of a check. */
export interface Image {
  /** As the client wrote it. */
  readonly text: string;
  readonly registry: string;
  readonly repository: string;
  /** Null: only a range was given. */
  readonly name: TagName | null;
  /** What the client has; null: it did not say. */
  readonly digest: Digest | null;
  readonly range: TagRange | null;
  /** A tag of another variant (`alpine`) is no newer tag of this one; null: any variant will do. */
  readonly variant: string | null;
  /** Canonical; null: not asked for. */
  readonly platform: string | null;
}

/** Longest image: a host, a repository, a tag or a range, and a digest. */
const maxImageLength = 1_024;

/**
 * Reads `[host/]name[:tag][@digest]`; in place of the tag there may be a range, as in `nginx:^1.27`. Without either the
 * tag is `latest`, as for a pull; with `range` beside a name alone, there is none.
 *
 * @param at how errors call it: `image`, or `images[3]` of a body
 * @throws PARAMETER_INVALID naming the member
 */
export function parseImage(given: ImageText, defaultRegistry: string, at: Naming): Image {
  const { image: text } = given;
  if (text.length > maxImageLength)
    throw invalidParameter(
      at('image'),
      `${at('image')}: ${text.length} characters: must be at most ${maxImageLength}`,
    );
  const { rest, range: written } = splitRange(text, defaultRegistry);
  if (written !== null && given.range !== undefined)
    throw invalidParameter(at('range'), `${at('range')}: a range beside ${quote(text)}: must be given once`);
  const { registry, repository, tag, digest } = parseReference(rest, {
    defaultRegistry,
    parameter: at('image'),
  });
  const rangeText = written ?? given.range;
  const range =
    rangeText === undefined ? null : parseTagRange(rangeText, at(written === null ? 'range' : 'image'));
  const named = tag ?? (range === null ? 'latest' : null);
  return {
    ...{ text, registry, repository, range },
    name: named === null ? null : { registry, repository, tag: named },
    digest: given.digest === undefined ? digest : readDigest(given.digest, digest, at('digest')),
    variant: tag === null || versionKey(tag).version === null ? null : versionKey(tag).variant,
    platform: given.platform === undefined ? null : parsePlatform(given.platform, at('platform')),
  };
}

/** Steps of judging that a character costs to read, of a range that has as much to take apart as it can. */
const stepsPerCharacter = 20;

/**
 * Reads images in turns: a thousand ranges take longer than the event loop may be kept.
 *
 * @param namingOf how errors call the members of the image at this place
 * @throws PARAMETER_INVALID naming the member; UNAVAILABLE if the client has left
 */
export async function parseImages(
  reading: Pick<Reading, 'spend'>,
  given: readonly ImageText[],
  defaultRegistry: string,
  namingOf: (at: number) => Naming,
): Promise<readonly Image[]> {
  const images: Image[] = [];
  for (const [at, one] of given.entries()) {
    images.push(parseImage(one, defaultRegistry, namingOf(at)));
    const characters = one.image.length + (one.range?.length ?? 0);
    const pause = reading.spend(characters * stepsPerCharacter);
    if (pause !== null) await pause;
  }
  return images;
}

/** How errors call a member. */
export type Naming = (member: keyof ImageText) => string;

/** @param written beside the image's name; null: none */
function readDigest(text: string, written: Digest | null, parameter: string): Digest {
  const digest = parseDigest(text);
  if (digest !== null && written !== null && digest !== written)
    throw invalidParameter(
      parameter,
      `${parameter}: ${quote(text)} beside an image with another digest: must be given once`,
    );
  if (digest !== null) return digest;
  throw invalidParameter(
    parameter,
    `${parameter}: ${quote(text)}: must be sha256:<64 hex> or sha512:<128 hex>`,
  );
}
