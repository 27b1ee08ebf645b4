/** What is to be checked, wherever it was read. */
import { ManifeedError } from '../../errors.ts';
import { type Digest, parseDigest } from '../../event/digest.ts';
import { splitRange } from '../../event/image-range.ts';
import { dockerHub, parseReference, type Reference, repositoryKey } from '../../event/reference.ts';
import { InputError } from '../command.ts';

/** One image, from one place. */
export interface Wanted {
  /** For the gateway: `[host/]name[:tag][@digest]`, or a range in place of the tag. */
  readonly image: string;
  /** Null: none, or a range is in its place. */
  readonly tag: string | null;
  /** Null: none is written in the image. */
  readonly range: string | null;
  /** What is there now; of several, any may be it. Empty: not known, or written in the image. */
  readonly digests: readonly Digest[];
  /** Where it was read: `compose.yaml: services.web`. Null: on the command line. */
  readonly place: string | null;
  /** It may have been built there, so that no registry has it. */
  readonly isBuilt: boolean;
}

/** What was read of one source. */
export interface Found {
  readonly wanted: readonly Wanted[];
  /** What could not be read, so that the answer is not complete: a line each. */
  readonly problems: readonly string[];
  /** What was left out on purpose: a line each. */
  readonly notes: readonly string[];
}

/** An image as the command line has it. @throws InputError */
export function readImage(image: string): Wanted {
  const { rest, range } = splitRange(image, dockerHub);
  const { tag } = parse(rest, 'image');
  return { image, tag, range, digests: [], place: null, isBuilt: false };
}

/**
 * An image as files have it, and engines show it. There a name without a host is Docker Hub's, whatever the default
 * registry of the gateway is.
 *
 * @returns null: it is pinned by a digest alone, so it has no tag that could move
 * @throws InputError
 */
export function readFileImage(text: string, place: string, isBuilt = false): Wanted | null {
  const reference = parse(text, place);
  if (reference.tag === null && reference.digest !== null) return null;
  const tag = reference.tag ?? 'latest';
  const { digest } = reference;
  const image = `${repositoryKey(reference)}:${tag}${digest === null ? '' : `@${digest}`}`;
  return { image, tag, range: null, digests: [], place, isBuilt };
}

/** The same image, of which these are there. A digest that is written in it is one of them. */
export function withDigests(wanted: Wanted, given: readonly Digest[]): Wanted {
  if (given.length === 0) return wanted;
  const [image = '', written = ''] = wanted.image.split('@');
  const pinned = parseDigest(written);
  return { ...wanted, image, digests: [...new Set(pinned === null ? given : [...given, pinned])] };
}

/** @param place how errors call it @throws InputError */
function parse(text: string, place: string): Reference {
  try {
    return parseReference(text, { parameter: place });
  } catch (error) {
    if (!(error instanceof ManifeedError)) throw error;
    throw new InputError(`read ${error.message}`);
  }
}

/** Gathers what one source has. */
export class Finds implements Found {
  readonly wanted: Wanted[] = [];
  readonly problems: string[] = [];
  readonly notes: string[] = [];

  get isEmpty(): boolean {
    return this.wanted.length + this.problems.length + this.notes.length === 0;
  }

  /**
   * Takes an image of a file. What is wrong with it becomes a problem, because the others can still be checked.
   *
   * @param digests of which any may be there
   */
  take(place: string, text: string, isBuilt = false, digests: readonly Digest[] = []): void {
    this.attempt(() => {
      const wanted = readFileImage(text, place, isBuilt);
      if (wanted === null)
        this.notes.push(`read ${place}: ${text}: left out: pinned by a digest, without a tag`);
      else this.wanted.push(withDigests(wanted, digests));
    });
  }

  /** Runs it; an InputError becomes a problem. */
  attempt(run: () => void): void {
    try {
      run();
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      this.problems.push(error.message);
    }
  }
}

/** Names in one note. */
const maxNamed = 10;

/** Names in a message: the first ones, and how many more there are. */
export function named(names: readonly string[]): string {
  const first = names.slice(0, maxNamed).join(', ');
  return names.length > maxNamed ? `${first} and ${names.length - maxNamed} more` : first;
}
