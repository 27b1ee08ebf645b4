/** Harbor: its default format, CloudEvents (structured), and the names of 1.x. */
import { z } from 'zod';
import { bodyId, Collector, checkEventCount } from '../collector.ts';
import type { Delivery, HookOptions, IgnoredReason, Normalised, WebhookKind } from '../kind.ts';
import { claimsCloudEvents, readCloudEvents } from '../payload/cloud-event.ts';
import { type Moment, parseMoment } from '../payload/moment.ts';
import { list, maybe, parseShape, text, time } from '../payload/shape.ts';
import type { Steps } from '../payload/steps.ts';

const dataSchema = z.object({
  resources: list.optional().catch(undefined),
  repository: maybe({ repo_full_name: text, namespace: text, name: text }),
});
type HarborData = z.infer<typeof dataSchema>;
const resourceSchema = z.object({ digest: text, tag: text, resource_url: text });
const defaultSchema = z.object({ type: z.string(), occur_at: time, event_data: z.unknown().optional() });

const pushes = new Set(['PUSH_ARTIFACT', 'pushImage', 'harbor.artifact.pushed']);
const deletes = new Set(['DELETE_ARTIFACT', 'deleteImage', 'harbor.artifact.deleted']);
const pulls = new Set(['PULL_ARTIFACT', 'pullImage', 'harbor.artifact.pulled']);

interface Occasion {
  readonly type: string;
  readonly time: Moment | null;
  readonly id: string;
  readonly idWindowMs?: number;
}

function* normalise(delivery: Delivery, hook: HookOptions): Steps<Normalised> {
  const collector = new Collector(hook);
  if (claimsCloudEvents(delivery)) {
    for (const event of readCloudEvents(delivery)) {
      yield;
      if (event === null) collector.ignore('malformed');
      else {
        const { type, source, id } = event;
        const occasion = { type, time: parseMoment(event.time), id: `${source}\0${id}` };
        yield* readData(event.data, occasion, collector);
      }
    }
    return collector.result();
  }
  const expected = '{"type","occur_at","event_data"} as Harbor sends it';
  const { type, occur_at: at, event_data: data } = parseShape(defaultSchema, delivery.json, expected);
  yield* readData(data, { type, time: parseMoment(at), ...bodyId(delivery) }, collector);
  return collector.result();
}

function* readData(data: unknown, occasion: Occasion, collector: Collector): Steps<void> {
  const isPush = pushes.has(occasion.type);
  if (!isPush && !deletes.has(occasion.type)) return void collector.ignore(reasonOf(occasion.type));
  const parsed = dataSchema.safeParse(data);
  if (!parsed.success || parsed.data.resources === undefined) return void collector.ignore('malformed');
  checkEventCount(parsed.data.resources.length);
  for (const candidate of parsed.data.resources) {
    yield;
    const resource = resourceSchema.safeParse(candidate);
    if (!resource.success) {
      collector.ignore('malformed');
      continue;
    }
    const { digest, tag, resource_url: url } = resource.data;
    const { time, id, idWindowMs } = occasion;
    const image = {
      // `host[:port]/…`, without a scheme.
      registry: url?.split('/', 1)[0],
      repository: repositoryOf(parsed.data, url),
      // If the artifact is untagged, this holds the digest; the collector recognises it.
      tag,
      digest,
      time,
      id,
      idWindowMs,
    };
    // A delete names only the artifact's first tag; the others go with the digest.
    if (isPush) collector.pushed(image);
    else collector.deleted(image, 'all');
  }
}

function repositoryOf({ repository }: HarborData, url: string | undefined): string | undefined {
  if (repository?.repo_full_name) return repository.repo_full_name;
  if (repository?.namespace && repository.name) return `${repository.namespace}/${repository.name}`;
  const path = url?.slice(url.indexOf('/') + 1).split('@', 1)[0];
  return path?.replace(/:[^/]*$/, '');
}

function reasonOf(type: string): IgnoredReason {
  return pulls.has(type) ? 'pull' : 'other-event';
}

export const harbor: WebhookKind = { name: 'harbor', normalise };
