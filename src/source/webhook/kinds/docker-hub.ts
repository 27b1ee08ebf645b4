import { z } from 'zod';
import { dockerHub as host } from '../../../event/reference.ts';
import type { Collector } from '../collector.ts';
import type { Delivery, WebhookKind } from '../kind.ts';
import { parseMoment, parseShape, text, time } from '../payload/shape.ts';

const schema = z.object({
  push_data: z.object({ tag: text, pushed_at: time }),
  repository: z.object({ repo_name: text, namespace: text, name: text }),
});

function read(delivery: Delivery, collector: Collector): undefined {
  const expected = '{"push_data":{"tag",…},"repository":{"repo_name",…}} as Docker Hub sends it';
  const { push_data: push, repository } = parseShape(schema, delivery.json, expected);
  collector.pushed({
    registry: host,
    repository: repository.repo_name || `${repository.namespace ?? ''}/${repository.name ?? ''}`,
    tag: push.tag,
    // `media_type`, if present, is the configuration's and not the manifest's.
    time: parseMoment(push.pushed_at),
  });
}

/**
 * Docker Hub: pushes of tags, without digest, signature or id. One multi-arch push can fire six identical calls.
 *
 * No id is derived from them, as for Quay: two pushes of a tag within one second look the same, and the first call may
 * be answered by a HEAD that does not see the push yet.
 */
export const dockerHub: WebhookKind = { name: 'docker-hub', read };
