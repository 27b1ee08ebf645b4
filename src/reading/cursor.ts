import { createHash } from 'node:crypto';
import { z } from 'zod';
import { invalidParameter } from '../errors.ts';

/**
 * Longest cursor in characters: a place names at most a host, a repository and a tag, and base64url adds a third.
 */
export const maxCursorLength = 2_048;
/** Characters of the mark that a cursor has of its query. */
const markLength = 16;

/**
 * Writes and reads the cursors of one query. A cursor holds a place and a mark of the query, so that a cursor of
 * another query is refused instead of leaving rows out. It holds no secret: who may see a row is checked with each row,
 * and the place must be one that the token may know.
 */
export class Cursors<Place> {
  readonly #mark: string;
  readonly #place: z.ZodType<Place>;

  /** @param query all that decides which rows there are, and in which order; not how many */
  constructor(query: readonly unknown[], place: z.ZodType<Place>) {
    const text = JSON.stringify(query);
    this.#mark = createHash('sha256').update(text).digest('base64url').slice(0, markLength);
    this.#place = place;
  }

  /** URL-safe. */
  format(place: Place): string {
    return Buffer.from(JSON.stringify([this.#mark, place])).toString('base64url');
  }

  /** Undefined: none was given. @throws PARAMETER_INVALID naming `cursor` */
  parse(text: string | undefined): Place | undefined {
    if (text === undefined) return undefined;
    if (text.length > maxCursorLength)
      throw refuse(`${text.length} characters: must be at most ${maxCursorLength}`);
    const parsed = z.tuple([z.string(), this.#place]).safeParse(decode(text));
    if (!parsed.success) throw refuse('not a cursor: must be the `next` of the page before');
    const [mark, place] = parsed.data;
    if (mark !== this.#mark)
      throw refuse('a cursor of another query: must be sent with the parameters of the page before');
    return place;
  }
}

function decode(text: string): unknown {
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString());
  } catch {
    return null;
  }
}

function refuse(what: string): Error {
  return invalidParameter('cursor', `cursor: ${what}`);
}
