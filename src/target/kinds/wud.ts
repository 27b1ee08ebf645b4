/**
 * What's Up Docker (8.3). It has no hook: its API lists the containers, and those of the repository are told to look.
 * A look at one container uses the news up for triggers of mode `batch`: with such a trigger all look together.
 */
import { z } from 'zod';
import { jsonOrNothing } from '../../lib/json.ts';
import type { HttpAnswer, HttpRequest } from '../call/http.ts';
import { imageNames } from '../image-names.ts';
import { retryLater, saying, worst } from '../judgement.ts';
import { type ChangeDelivery, type Kind, pushTypes, type Reach, type Verdict } from '../kind.ts';
import { baseUrl, basic, basicHeader, faultsOfBasic, under } from '../members.ts';
import { showRequest } from '../requests.ts';

const members = z.strictObject({ url: baseUrl(), ...basic });

type Settings = z.output<typeof members>;

const row = z.object({
  id: z.string(),
  image: z.object({
    registry: z.object({ url: z.string() }),
    name: z.string(),
    tag: z.object({ value: z.string(), semver: z.boolean().optional() }),
  }),
  error: z.object({ message: z.string().optional() }).nullish(),
});
const rows = z.array(row);
const triggers = z.array(z.object({ configuration: z.object({ mode: z.string().optional() }).optional() }));

type Row = z.output<typeof row>;

/** Some thousand containers. */
const maxListBytes = 16 * 1024 * 1024;

type Ask = (method: HttpRequest['method'], path: string) => HttpRequest;

function asking(settings: Settings): Ask {
  const headers = basicHeader(settings);
  return (method, path) => {
    const url = under(settings.url, `/api/${path}`);
    return { method, url, headers, body: null, maxAnswerBytes: maxListBytes };
  };
}

export const requests = {
  list: (settings: Settings) => asking(settings)('GET', 'containers'),
  triggers: (settings: Settings) => asking(settings)('GET', 'triggers'),
  watchAll: (settings: Settings) => asking(settings)('POST', 'containers/watch'),
  watch: (settings: Settings, id: string) =>
    asking(settings)('POST', `containers/${encodeURIComponent(id)}/watch`),
};

/**
 * Whether a container looks at what changed: one with a version as its tag looks for higher ones, the others at the
 * digest of their tag.
 */
export function concerns({ image }: Row, { changes, change }: ChangeDelivery): boolean {
  const { host, name } = imageNames(change).wud;
  if (image.name !== name || !isAt(image.registry.url, host)) return false;
  return image.tag.semver === true || changes.some(({ tag }) => tag === null || tag === image.tag.value);
}

/** The registry's own host; or ours, where the registry is the beginning of the path. */
function isAt(registryUrl: string, host: string): boolean {
  const url = URL.parse(registryUrl.includes('://') ? registryUrl : `https://${registryUrl}`);
  const asNamed = host === 'registry-1.docker.io' ? 'docker.io' : host;
  return url !== null && (url.host === host || url.pathname.startsWith(`/${asNamed}/`));
}

/** A look that failed is a 200 with `error`. 404: the container is gone, with its id. */
export function judgeWatch(answer: HttpAnswer, nowMs: number): Verdict {
  if (answer.status === 404) return { kind: 'ignored', why: 'the container is gone' };
  const told = answer.status === 200 ? row.safeParse(jsonOrNothing(answer.text)).data : undefined;
  if (told !== undefined) return judgeRow(told);
  const why = answer.status === 200 ? `no container of What's Up Docker: ${saying(answer)}` : saying(answer);
  return retryLater(answer, nowMs, why);
}

function judgeRow({ error }: Row): Verdict {
  if (error === undefined || error === null) return { kind: 'accepted' };
  return { kind: 'retry', why: `look failed: ${error.message ?? 'no reason given'}` };
}

/** What a list says; a verdict, if it says nothing. */
function readList<T>(answer: HttpAnswer, schema: z.ZodType<T>, nowMs: number): T | Verdict {
  if (answer.status !== 200) return retryLater(answer, nowMs);
  const parsed = schema.safeParse(answer.isWhole ? jsonOrNothing(answer.text) : undefined);
  return parsed.success
    ? parsed.data
    : { kind: 'retry', why: `no list of What's Up Docker: ${saying(answer)}` };
}

async function deliver(delivery: ChangeDelivery, settings: Settings, reach: Reach): Promise<Verdict> {
  const { nowMs } = delivery;
  const listed = readList(await reach.http(requests.list(settings)), rows, nowMs);
  if ('kind' in listed) return listed;
  const concerned = listed.filter((each) => concerns(each, delivery));
  const none = 'no container of this image looks at this tag';
  if (concerned.length === 0) return { kind: 'ignored', why: none };
  const firing = readList(await reach.http(requests.triggers(settings)), triggers, nowMs);
  if ('kind' in firing) return firing;
  if (firing.some(({ configuration }) => configuration?.mode === 'batch')) {
    const looked = readList(await reach.http(requests.watchAll(settings)), rows, nowMs);
    if ('kind' in looked) return looked;
    return worst(looked.filter((each) => concerns(each, delivery)).map(judgeRow), none);
  }
  const verdicts: Verdict[] = [];
  for (const { id } of concerned)
    verdicts.push(judgeWatch(await reach.http(requests.watch(settings, id)), nowMs));
  return worst(verdicts, none);
}

export const wud: Kind<Settings> = {
  name: 'wud',
  members,
  defaults: { timeoutMs: 120_000, coalesceMs: 5_000, concurrency: 1, types: pushTypes },
  deletes: false,
  replays: true,
  needsReference: false,
  faults: faultsOfBasic,
  deliver,
  async reset({ nowMs }, settings, reach) {
    const looked = readList(await reach.http(requests.watchAll(settings)), rows, nowMs);
    return 'kind' in looked ? looked : { kind: 'accepted' };
  },
  describe(_delivery, settings) {
    const api = under(settings.url, '/api/containers');
    return [
      showRequest(requests.list(settings)),
      `then, if there is a container of the image:\n${showRequest(requests.triggers(settings))}`,
      `then, for each container of the image: POST ${api}/<id>/watch`,
      `or, if a trigger has mode batch, once for all: POST ${api}/watch`,
    ].join('\n\n');
  },
};
