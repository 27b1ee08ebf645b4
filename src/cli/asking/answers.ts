/** What commands need of the gateway's answers (PROTOCOL.md, section 9). Further members pass. */
import { z } from 'zod';

const next = z.string().nullable();
const digest = z.string().nullable();

export const tagRow = z.looseObject({
  registry: z.string(),
  repository: z.string(),
  tag: z.string(),
  digest,
  firstSeenAt: z.string(),
  updatedAt: z.string(),
});
export type TagRow = z.infer<typeof tagRow>;

export const tagPage = z.looseObject({ tags: z.array(tagRow), next });

export const repositoryPage = z.looseObject({
  repositories: z.array(
    z.looseObject({
      registry: z.string(),
      repository: z.string(),
      listed: z.looseObject({ readAt: z.string().nullable() }).nullable(),
    }),
  ),
  next,
});

export const changePage = z.looseObject({
  changes: z.array(
    z.looseObject({
      registry: z.string(),
      repository: z.string(),
      tag: z.string().nullable(),
      type: z.string(),
      digest,
      previousDigest: digest,
      recordedAt: z.string(),
    }),
  ),
  next,
});

const side = z.looseObject({ name: z.string(), listedAt: z.string().nullable() });
const place = { repository: z.string(), tag: z.string() };
const only = z.array(z.looseObject({ ...place, digest }));

export const diffPage = z.looseObject({
  certain: z.boolean(),
  reason: z.string().nullable(),
  left: side,
  right: side,
  equal: z.number(),
  different: z.array(z.looseObject({ ...place, left: digest, right: digest })),
  onlyLeft: only,
  onlyRight: only,
  next,
});
export type DiffPage = z.infer<typeof diffPage>;

export const checkAnswer = z.looseObject({
  image: z.string(),
  digest,
  moved: z.boolean().nullable(),
  newest: z.looseObject({ tag: z.string(), digest, updatedAt: z.string() }).nullable(),
  certain: z.boolean(),
  checkedAt: z.string().nullable(),
  reason: z.string().nullable(),
});
export type CheckAnswer = z.infer<typeof checkAnswer>;

export const checkAnswers = z.looseObject({ images: z.array(checkAnswer) });
