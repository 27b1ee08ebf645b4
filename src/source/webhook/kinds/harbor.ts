import { z } from 'zod';
import { bodyId, type Collector, checkEventCount } from '../collector.ts';
import type { Delivery, Steps, WebhookKind } from '../kind.ts';
import { claimsCloudEvents, readCloudEvents } from '../payload/cloud-event.ts';
import { list, type Moment, maybe, parseMoment, parseShape, text, time } from '../payload/shape.ts';

const dataSchema = z.object({
  resources: list,
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

function read(delivery: Delivery, collector: Collector): Steps<void> {
  if (claimsCloudEvents(delivery)) {
    return readCloudEvents(delivery, collector, ({ type, source, id, time, data }) =>
      readData(data, { type, time: parseMoment(time), id: `${source}\0${id}` }, collector),
    );
  }
  const expected = '{"type","occur_at","event_data"} as Harbor sends it';
  const { type, occur_at: at, event_data: data } = parseShape(defaultSchema, delivery.json, expected);
  return readData(data, { type, time: parseMoment(at), ...bodyId(delivery) }, collector);
}

function* readData(data: unknown, occasion: Occasion, collector: Collector): Steps<void> {
  const isPush = pushes.has(occasion.type);
  if (!isPush && !deletes.has(occasion.type)) {
    return void collector.ignore(pulls.has(occasion.type) ? 'pull' : 'other-event');
  }
  const about = collector.parse(dataSchema, data);
  if (about === null) return;
  checkEventCount(about.resources.length);
  for (const candidate of about.resources) {
    yield;
    const resource = collector.parse(resourceSchema, candidate);
    if (resource === null) continue;
    const { digest, tag, resource_url: url } = resource;
    const { time, id, idWindowMs } = occasion;
    const image = {
      // `host[:port]/…`, without a scheme.
      registry: url?.split('/', 1)[0],
      repository: repositoryOf(about, url),
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

/** Harbor: its default format, CloudEvents (structured), and the names of 1.x. */
export const harbor: WebhookKind = { name: 'harbor', read };
