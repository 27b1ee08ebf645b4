import { z } from 'zod';
import { invalidParameter, ManifeedError } from '../../../errors.ts';
import { parseDigest } from '../../../event/digest.ts';
import { parseReference, type Reference } from '../../../event/reference.ts';
import { checkSchema, type Fault, formatFaultPath } from '../../../lib/schema-faults.ts';
import { type Collector, checkEventCount } from '../collector.ts';
import type { Delivery, HookOptions, Steps, WebhookKind } from '../kind.ts';
import { type Moment, parseMoment } from '../payload/shape.ts';

const entrySchema = z.strictObject({
  reference: z.string(),
  digest: z.string().nullish(),
  mediaType: z.string().max(255).nullish(),
  size: z.number().int().nonnegative().nullish(),
  occurredAt: z.string().nullish(),
  action: z.enum(['push', 'delete']).default('push'),
  id: z.string().max(512).nullish(),
});
type Entry = z.infer<typeof entrySchema>;

/** Characters of an unknown member's name that an answer repeats. */
const maxShownName = 64;

function* read(delivery: Delivery, collector: Collector, hook: HookOptions): Steps<void> {
  const list: readonly unknown[] = Array.isArray(delivery.json) ? delivery.json : [delivery.json];
  checkEventCount(list.length);
  for (const [index, candidate] of list.entries()) {
    yield;
    const at = Array.isArray(delivery.json) ? `[${index}].` : '';
    const parsed = checkSchema(entrySchema, candidate);
    if (!parsed.ok) throw refusal(at, parsed.faults[0]);
    const entry = parsed.data;
    const image = { ...namesOf(entry, at, hook), ...factsOf(entry, at) };
    if (entry.action === 'push') collector.pushed(image);
    else collector.deleted(image, 'tag');
  }
}

/** Puts bare names into the default registry, unless the hook names another one. */
export function withDefaultRegistry(hooks: readonly HookOptions[], registry: string): readonly HookOptions[] {
  return hooks.map((hook) => (hook.kind === manifeed.name ? { registry, ...hook } : hook));
}

/** Bare names are in the hook's `registry`; a host that is written out stands. */
function namesOf(entry: Entry, at: string, hook: HookOptions): Reference {
  const parameter = `${at}reference`;
  const reference = parseReference(entry.reference, {
    parameter,
    ...(hook.registry === undefined ? {} : { defaultRegistry: hook.registry }),
  });
  const digest = digestOf(entry, at, reference);
  if (reference.tag === null && digest === null) {
    throw refuse(parameter, 'no tag and no digest: must be [host/]name:tag, or have a digest');
  }
  return { ...reference, digest };
}

function digestOf(entry: Entry, at: string, reference: Reference): Reference['digest'] {
  if (entry.digest === undefined || entry.digest === null) return reference.digest;
  const digest = parseDigest(entry.digest);
  if (digest === null || (reference.digest !== null && reference.digest !== digest)) {
    const rule = 'must be sha256:<64 hex> or sha512:<128 hex>, the same as in the reference if that has one';
    throw refuse(`${at}digest`, `${JSON.stringify(entry.digest.slice(0, 160))}: ${rule}`);
  }
  return digest;
}

function factsOf(entry: Entry, at: string) {
  const { mediaType, size, id } = entry;
  let time: Moment | null = null;
  if (entry.occurredAt !== undefined && entry.occurredAt !== null) {
    time = parseMoment(entry.occurredAt);
    if (time === null) {
      const rule = 'must be an RFC 3339 time of 2013 or later, such as 2026-11-23T20:00:00Z';
      throw refuse(`${at}occurredAt`, `${JSON.stringify(entry.occurredAt.slice(0, 64))}: ${rule}`);
    }
  }
  return { mediaType, size, id, time };
}

function refuse(parameter: string, what: string): ManifeedError {
  return invalidParameter(parameter, `read ${parameter}: ${what}`);
}

/** Unknown members are refused: a typo would otherwise silently announce a change without that member. */
function refusal(at: string, { path, found, rule, unknown }: Fault): ManifeedError {
  const expected =
    '{"reference":"host/name:tag","digest"?,"mediaType"?,"size"?,"occurredAt"?,"action"?:"push"|"delete","id"?} or a list of them';
  const name = formatFaultPath(path).slice(0, maxShownName);
  const needed = unknown || name === '' ? `must be ${expected}` : `${rule}, in ${expected}`;
  return new ManifeedError('BODY_INVALID', `read ${at}${name || 'body'}: ${found}: ${needed}`, {
    detail: { parameter: `${at}${name}` },
  });
}

/**
 * Our own JSON, for scripts and CI: one object or a list of
 * `{"reference":"host/name:tag","digest"?,"mediaType"?,"size"?,"occurredAt"?,"action"?:"push"|"delete","id"?}`.
 *
 * It is strict, unlike the registries' kinds: a script's author wants to hear of a mistake. Without `id` nothing
 * counts as a duplicate, because a script may move a tag back and forth.
 */
export const manifeed: WebhookKind = {
  name: 'manifeed',
  media: ['form-json', 'text'],
  publishes: true,
  read,
};
