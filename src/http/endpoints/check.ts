import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { invalidParameter } from '../../errors.ts';
import { checkSchema, formatFaultPath } from '../../lib/schema-faults.ts';
import { list } from '../../transport/parameters.ts';
import type { Endpoint } from '../endpoint.ts';
import { type Checked, type CheckParts, check } from '../read/check/check.ts';
import { parseImages } from '../read/check/image.ts';
import type { Reads } from '../read/reads.ts';

/** Most images of one request. */
export const maxImages = 1_000;

const range = z.string().optional().describe('A range of versions, such as `^1.27`');
const platform = z.string().optional().describe('Such as `linux/arm64`: only a move of its manifest counts');

const querySchema = z.strictObject({
  image: list.describe('`nginx:1.27.3`, `nginx:^1.27`, `nginx:1.27@sha256:…`; may repeat'),
  range,
  platform,
});

const image = z.strictObject({
  image: z.string().describe('`nginx:1.27.3`, `nginx:^1.27`; without a tag or a range: `latest`'),
  digest: z.string().optional().describe('What the client has'),
  range,
  platform,
});
const images = z.array(image).min(1).max(maxImages);
const bodySchema = z.union([z.strictObject({ images }), images]);

const answerSchema = z.looseObject({
  images: z.array(
    z.looseObject({
      image: z.string(),
      digest: z.string().nullable(),
      moved: z.boolean().nullable(),
      newest: z
        .looseObject({ tag: z.string(), digest: z.string().nullable(), updatedAt: z.string() })
        .nullable(),
      certain: z.boolean(),
      checkedAt: z.string().nullable(),
      reason: z.string().nullable().describe('Why it is not certain'),
    }),
  ),
});

const shared = {
  path: '/v1/check',
  tag: 'index',
  mayCall: 'subscriber',
  responses: { 200: { description: 'One answer for each image, in order', schema: answerSchema } },
  errors: ['PARAMETER_INVALID', 'DENIED', 'TOO_MANY_REQUESTS', 'UNAVAILABLE'],
} as const;

/** `GET /v1/check`: the update check of some images. */
export function getCheck(reads: Reads, parts: CheckParts): Endpoint {
  return {
    ...shared,
    method: 'get',
    summary: 'Which of these images have moved, and what is newer',
    answersHead: true,
    query: querySchema,
    handle: (request, reply) =>
      reads.serve(request, reply, async (reading) => {
        const params = reads.query(request, querySchema);
        refuseMany('image', params.image.length);
        const { range, platform } = params;
        const given = params.image.map((text) => ({ image: text, range, platform }));
        const asked = await parseImages(reading, given, reads.defaultRegistry, () => (member) => member);
        return send(reply, await check(parts, reading, asked));
      }),
  };
}

/** `POST /v1/check`: the update check of a whole host. */
export function postCheck(reads: Reads, parts: CheckParts): Endpoint {
  return {
    ...shared,
    method: 'post',
    summary: 'The update check of a whole host in one request',
    body: { schema: bodySchema },
    handle: (request, reply) =>
      reads.serve(request, reply, async (reading) => {
        const given = readBody(request.body);
        const namingOf = (at: number) => (member: string) => `images[${at}].${member}`;
        const asked = await parseImages(reading, given, reads.defaultRegistry, namingOf);
        return send(reply, await check(parts, reading, asked));
      }),
  };
}

/** @throws PARAMETER_INVALID naming the member */
function readBody(body: unknown): z.infer<typeof images> {
  const asked = Array.isArray(body) ? { images: body } : body;
  const result = checkSchema(z.strictObject({ images }), asked);
  if (result.ok) return result.data.images;
  const [{ path, found, rule }] = result.faults;
  const parameter = formatFaultPath(path).slice(0, 100) || 'body';
  throw invalidParameter(parameter, `check images: ${parameter}: ${found}: ${rule}`);
}

function refuseMany(parameter: string, count: number): void {
  if (count <= maxImages) return;
  throw invalidParameter(parameter, `check images: ${count} of ${parameter}: must be at most ${maxImages}`);
}

function send(reply: FastifyReply, checked: readonly Checked[]): FastifyReply {
  return reply.header('cache-control', 'no-store').send({ images: checked });
}
