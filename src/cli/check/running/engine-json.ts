/** What Docker, Podman and crictl say of containers and images, in the forms in which they do. */
import { z } from 'zod';
import { type Digest, parseDigest } from '../../../event/digest.ts';
import { InputError } from '../../command.ts';

/** A container. */
export interface Container {
  readonly kind: 'container';
  readonly name: string;
  /** What it was started as: `nginx:1.27`, or the id of an image. */
  readonly image: string;
  /** Id of its image; null: not told. */
  readonly imageId: string | null;
  /** The digest of its image, which `podman inspect` tells; null: not told. */
  readonly digest: Digest | null;
}

/** An image that an engine has. */
export interface LocalImage {
  readonly kind: 'image';
  readonly id: string;
  /** `nginx:1.27` */
  readonly tags: readonly string[];
  /** `nginx@sha256:…`; empty: no registry has it. */
  readonly pinned: readonly string[];
  /** It is of `docker images`, which tells digests only with `--digests`. */
  readonly isListed: boolean;
}

/** Go prints null for an empty list. */
const texts = z
  .array(z.string())
  .nullish()
  .transform((list) => list ?? []);
const none = '<none>';

const image = (
  id: string,
  tags: readonly string[],
  pinned: readonly string[],
  isListed: boolean,
): LocalImage => ({
  ...{ kind: 'image', id, isListed },
  // Podman names what has no tag so.
  tags: tags.filter((tag) => !tag.includes(none)),
  pinned: pinned.filter((each) => !each.includes(none)),
});

/** `docker inspect` and `podman inspect` of containers. */
const inspectedContainer = z
  .looseObject({
    Name: z.string().default(''),
    Image: z.string(),
    ImageName: z.string().optional(),
    ImageDigest: z.string().optional(),
    Config: z.looseObject({ Image: z.string() }),
  })
  .transform(
    ({ Name, Image, ImageName, ImageDigest = '', Config }): Container => ({
      ...{ kind: 'container', name: Name.replace(/^\//, ''), image: ImageName ?? Config.Image },
      ...{ imageId: Image, digest: parseDigest(ImageDigest) },
    }),
  );

/** `docker image inspect`, `podman image inspect`, `podman images --format json`. */
const inspectedImage = z
  .looseObject({ Id: z.string(), RepoDigests: texts, RepoTags: texts, Names: texts })
  .transform(({ Id, RepoDigests, RepoTags, Names }) =>
    image(
      Id,
      RepoTags.length > 0 ? RepoTags : Names.filter((name) => !name.includes('@')),
      RepoDigests,
      false,
    ),
  );

/** `docker images --digests --format json`. */
const listedImage = z
  .looseObject({ ID: z.string(), Repository: z.string(), Tag: z.string(), Digest: z.string().default(none) })
  .transform(({ ID, Repository, Tag, Digest }) =>
    image(ID, [`${Repository}:${Tag}`], [`${Repository}@${Digest}`], true),
  );

/**
 * `docker ps --format json`, `docker compose ps --format json`, `podman ps --format json`. They tell no digests; a script
 * that knows them can add them.
 */
const listedContainer = z
  .looseObject({
    Image: z.string(),
    ImageID: z.string().optional(),
    Names: z.union([z.string(), z.array(z.string())]).nullish(),
    Name: z.string().optional(),
    ImageDigest: z.string().optional(),
    Digest: z.string().default(none),
  })
  .transform(
    ({ Image, ImageID, Name, Names, Digest, ImageDigest = Digest }): Container => ({
      ...{ kind: 'container', name: [Names ?? Name ?? Image].flat().join(','), image: Image },
      ...{ imageId: ImageID ?? null, digest: parseDigest(ImageDigest) },
    }),
  );

/** An image of `crictl images -o json`. */
const criImage = z
  .looseObject({ id: z.string(), repoTags: texts, repoDigests: texts })
  .transform(({ id, repoTags, repoDigests }) => image(id, repoTags, repoDigests, false));

/** A container of `crictl ps -o json`. As a rule `image` is the id of its image; what the Pod says has a field of its own. */
const criContainer = z
  .looseObject({
    id: z.string(),
    metadata: z.looseObject({ name: z.string() }).nullish(),
    image: z.looseObject({ image: z.string(), userSpecifiedImage: z.string().optional() }),
    imageRef: z.string(),
  })
  .transform(
    ({ id, metadata, image: { image: inUse, userSpecifiedImage }, imageRef }): Container => ({
      ...{ kind: 'container', name: metadata?.name ?? id, image: userSpecifiedImage || inUse },
      imageId: [inUse, imageRef].find((text) => text.startsWith('sha256:')) ?? null,
      digest: parseDigest(imageRef.split('@')[1] ?? ''),
    }),
  );

/** `crictl` puts its list into an object (CRI API v1, ListContainersResponse and ListImagesResponse). */
const criList = z.union([
  z.strictObject({ containers: z.array(z.looseObject({ imageRef: z.string() })) }),
  z.strictObject({ images: z.array(z.looseObject({ id: z.string() })) }),
]);

/** The containers or images of a list of `crictl`; anything else as it is. */
export function openList(value: unknown): readonly unknown[] {
  const { data } = criList.safeParse(value);
  return data === undefined ? [value] : Object.values(data).flat();
}

/** An image of an engine has no `Config.Image`, or an empty one; so what tells more is asked for first. */
const forms = [
  { members: ['RepoDigests', 'Id'], schema: inspectedImage },
  { members: ['Config', 'Image'], schema: inspectedContainer },
  { members: ['Repository', 'Tag'], schema: listedImage },
  { members: ['Image'], schema: listedContainer },
  { members: ['imageRef', 'image'], schema: criContainer },
  { members: ['repoTags', 'id'], schema: criImage },
] as const;

/** @param at its place among the values, from 0 @throws InputError if it has none of these forms */
export function readEngineValue(shown: string, value: unknown, at: number): Container | LocalImage {
  const members = typeof value === 'object' && value !== null ? value : {};
  const form = forms.find((each) => each.members.every((name) => Object.hasOwn(members, name)));
  const result = form?.schema.safeParse(value);
  if (result?.success === true) return result.data;
  const rule =
    'must be of docker ps, docker inspect, docker image inspect or docker images, or of podman, nerdctl or crictl';
  throw new InputError(`read ${shown}: value ${at + 1}: ${rule}`);
}
