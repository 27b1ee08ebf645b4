/** `manifeed check --running`: the images of containers, with the digests that the engine has. */
import { ManifeedError } from '../../../errors.ts';
import { type Digest, parseDigest } from '../../../event/digest.ts';
import { parseReference, type Reference, repositoryKey } from '../../../event/reference.ts';
import { InputError } from '../../command.ts';
import { Finds, type Found, named, readFileImage, type Wanted, withDigests } from '../wanted.ts';
import { type Container, type LocalImage, openList, readEngineValue } from './engine-json.ts';
import { parseValues } from './json-values.ts';

const shown = 'standard input';

/**
 * Reads JSON of Docker, Podman or crictl. If it has containers, their images are checked, and what it says of images tells
 * their digests. Otherwise all images are checked that have a tag.
 *
 * @throws InputError if it is something else, or nothing at all
 */
export function readRunning(text: string): Found {
  const values = parseValues(shown, text)
    .flatMap(openList)
    .map((value, at) => readEngineValue(shown, value, at));
  if (text.trim() === '')
    throw new InputError(`read ${shown}: empty: must be JSON, as of docker ps --format json`);
  const containers = values.filter((value) => value.kind === 'container');
  const images = new Images(
    withoutBlind(
      values.filter((value) => value.kind === 'image'),
      containers.length > 0,
    ),
  );
  const gathered = new Gathered(images);
  if (containers.length > 0) for (const container of containers) gathered.container(container);
  else for (const image of images.all) for (const tag of image.tags) gathered.image(tag, image);
  return gathered.finish();
}

/**
 * Without `--digests`, `docker images` tells none. Then what it lists is no reason to say that an image has none.
 *
 * @throws InputError if there is nothing else
 */
function withoutBlind(images: readonly LocalImage[], hasContainers: boolean): readonly LocalImage[] {
  if (images.some(({ isListed, pinned }) => isListed && pinned.length > 0)) return images;
  const others = images.filter(({ isListed }) => !isListed);
  if (hasContainers || others.length > 0 || images.length === 0) return others;
  throw new InputError(`read ${shown}: no image with a digest: docker images must have --digests`);
}

/** The images of the engine, by id and by tag. */
class Images {
  readonly #byId = new Map<string, LocalImage>();
  readonly #byTag = new Map<string, LocalImage>();

  constructor(images: readonly LocalImage[]) {
    for (const image of images) {
      const id = shortId(image.id);
      const before = this.#byId.get(id);
      // `docker images` has a row for each tag.
      const tags = [...new Set([...(before?.tags ?? []), ...image.tags])];
      const pinned = [...new Set([...(before?.pinned ?? []), ...image.pinned])];
      this.#byId.set(id, { ...image, tags, pinned });
    }
    for (const image of this.#byId.values())
      for (const tag of image.tags) {
        const key = tagKey(tag);
        if (key !== null) this.#byTag.set(key, image);
      }
  }

  get all(): Iterable<LocalImage> {
    return this.#byId.values();
  }

  /** What a container runs; undefined: nothing was said of it. */
  of({ image, imageId }: Container): LocalImage | undefined {
    const id = imageId ?? (isId(image) ? image : null);
    if (id !== null) return this.#byId.get(shortId(id));
    const key = tagKey(image);
    return key === null ? undefined : this.#byTag.get(key);
  }
}

class Gathered {
  readonly #finds = new Finds();
  readonly #images: Images;
  readonly #withoutDigest: string[] = [];
  readonly #built: string[] = [];
  readonly #untagged: string[] = [];

  constructor(images: Images) {
    this.#images = images;
  }

  container(container: Container): void {
    const place = `container ${container.name}`;
    const image = isId(container.image) ? this.#images.of(container)?.tags[0] : container.image;
    if (image === undefined) {
      this.#untagged.push(container.name);
      return;
    }
    this.#finds.attempt(() => {
      const wanted = readFileImage(image, place);
      if (wanted === null) {
        this.#untagged.push(container.name);
        return;
      }
      const local = this.#images.of(container);
      if (local === undefined && container.digest === null) {
        if (pinnedOf(wanted) === null) this.#withoutDigest.push(container.name);
        this.#finds.wanted.push(wanted);
      } else this.#take(wanted, container.name, local, container.digest);
    });
  }

  image(tag: string, local: LocalImage): void {
    this.#finds.attempt(() => {
      const wanted = readFileImage(tag, `image ${tag}`);
      if (wanted !== null) this.#take(wanted, tag, local, null);
    });
  }

  finish(): Found {
    const { notes, problems } = this.#finds;
    if (this.#built.length > 0)
      notes.push(
        `left out ${named(this.#built)}: no digest of a registry: built here, or not pulled by that name`,
      );
    if (this.#untagged.length > 0)
      notes.push(
        `left out ${named(this.#untagged)}: the image has no tag any more, or never had one: ${untaggedHint}`,
      );
    if (this.#withoutDigest.length > 0)
      notes.push(`no digests of ${named(this.#withoutDigest)}: what has moved is not known: ${digestHint}`);
    if (this.#finds.isEmpty && problems.length === 0) notes.push(`read ${shown}: no container and no image`);
    return this.#finds;
  }

  /** @param given a digest that the container itself has */
  #take(wanted: Wanted, name: string, local: LocalImage | undefined, given: Digest | null): void {
    const digests = [...digestsOf(wanted, local?.pinned ?? []), ...(given === null ? [] : [given])];
    if (digests.length === 0 && pinnedOf(wanted) === null) this.#built.push(name);
    else this.#finds.wanted.push(withDigests(wanted, digests));
  }
}

const digestHint = 'add the JSON of docker image inspect, or of docker images --digests --format json';
const untaggedHint = 'docker inspect says what a container was started as';

/** The digest that is written in it. */
function pinnedOf({ image }: Wanted): Digest | null {
  return parseDigest(image.split('@')[1] ?? '');
}

/** The digests under the repository of the image: under others, the same image may have others. */
function digestsOf(wanted: Wanted, pinned: readonly string[]): readonly Digest[] {
  const repository = keyOf(wanted.image);
  return pinned.flatMap((text) => {
    const digest = parseDigest(text.slice(text.indexOf('@') + 1));
    return digest !== null && keyOf(text) === repository ? [digest] : [];
  });
}

/** Whether it names an image by its id alone. */
function isId(text: string): boolean {
  return /^sha256:[0-9a-f]{12,64}$|^[0-9a-f]{12}$|^[0-9a-f]{64}$/.test(text);
}

/** Twelve digits, as engines show ids in lists. */
function shortId(id: string): string {
  return id.replace(/^sha256:/, '').slice(0, 12);
}

function keyOf(text: string): string | null {
  const reference = referenceOrNull(text);
  return reference === null ? null : repositoryKey(reference);
}

function tagKey(text: string): string | null {
  const reference = referenceOrNull(text);
  return reference === null ? null : `${repositoryKey(reference)}:${reference.tag ?? 'latest'}`;
}

function referenceOrNull(text: string): Reference | null {
  try {
    return parseReference(text);
  } catch (error) {
    if (error instanceof ManifeedError) return null;
    throw error;
  }
}
