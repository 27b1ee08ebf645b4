import { z } from 'zod';
import { bodyId, type Collector } from '../collector.ts';
import type { Delivery, WebhookKind } from '../kind.ts';
import { parseMoment, parseShape, text } from '../payload/shape.ts';

const schema = z.object({
  push_data: z.object({ digest: text, pushed_at: text, tag: text }),
  repository: z.object({ repo_full_name: text, namespace: text, name: text }),
});
const beijing = '+08:00';

function read(delivery: Delivery, collector: Collector): undefined {
  const expected = '{"push_data":{"digest","tag",…},"repository":{"repo_full_name",…}} as Alibaba sends it';
  const { push_data: push, repository } = parseShape(schema, delivery.json, expected);
  collector.pushed({
    repository: repository.repo_full_name || `${repository.namespace ?? ''}/${repository.name ?? ''}`,
    tag: push.tag,
    digest: push.digest,
    time: parseMoment(push.pushed_at, beijing),
    ...bodyId(delivery),
  });
}

/** Alibaba's registry: Docker Hub's body, with a digest. Its time is local, without a zone; it names no host. */
export const aliyunAcr: WebhookKind = { name: 'aliyun-acr', required: ['registry'], read };
