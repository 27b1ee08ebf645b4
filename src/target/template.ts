/**
 * Text with placeholders, such as `${change.repository}`. It is no expression language: each placeholder is one value,
 * and whoever fills it escapes the value for where it stands.
 */
import { imageNames } from './image-names.ts';
import type { ChangeDelivery } from './kind.ts';
import { actionOf, messageOf } from './message.ts';

/** Placeholders without `change.`; all of the newest change but `count`, `title` and `message`. Empty: not known. */
const values: Readonly<Record<string, (delivery: ChangeDelivery) => string | number | null>> = {
  id: ({ id }) => id,
  position: ({ change }) => change.position,
  type: ({ kind, change }) => (kind === 'test' ? 'test' : change.type),
  action: ({ change }) => actionOf(change.type),
  registry: ({ change }) => change.registry,
  repository: ({ change }) => change.repository,
  tag: ({ change }) => change.tag,
  digest: ({ change }) => change.digest,
  previousDigest: ({ change }) => change.previousDigest,
  mediaType: ({ change }) => change.mediaType,
  size: ({ change }) => change.size,
  occurredAt: ({ change }) => change.occurredAt,
  recordedAt: ({ change }) => change.recordedAt,
  origin: ({ change }) => change.origin,
  image: ({ change }) => imageNames(change).familiar,
  reference: ({ change }) => `${imageNames(change).canonical}${change.tag === null ? '' : `:${change.tag}`}`,
  count: ({ changes }) => changes.length,
  title: (delivery) => messageOf(delivery).title,
  message: (delivery) => messageOf(delivery).body,
};

/** Also those that are misspelled or not closed. */
const placeholder = /\$\{change\b(?:\.([A-Za-z]+)\})?/g;

/** How a value is escaped for where it stands. */
export type Escape = (value: string) => string;

/** @param template without faults (`faultOfTemplate`): what is no placeholder stays */
export function fill(template: string, delivery: ChangeDelivery, escaped: Escape): string {
  return template.replace(placeholder, (whole, name: string = '') => {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    return value === undefined ? whole : escaped(String(value(delivery) ?? '').toWellFormed());
  });
}

/** What is wrong with the placeholders in the strings of a value of JSON, without the rest of it; null: nothing. */
export function faultOfTemplate(value: unknown): string | null {
  if (keysIn(value).some(hasPlaceholder)) return 'a placeholder in the name of a member: must be in a value';
  const wrong: string[] = [];
  mapStrings(value, (template) => {
    for (const [whole, name = ''] of template.matchAll(placeholder))
      if (!Object.hasOwn(values, name)) wrong.push(whole);
    return template;
  });
  const known = Object.keys(values).map((each) => `\${change.${each}}`);
  return wrong[0] === undefined ? null : `${wrong[0]}: must be one of ${known.join(', ')}`;
}

/** Whether `${change` is anywhere in a value of JSON, right or wrong. */
export function hasPlaceholder(value: unknown): boolean {
  return (JSON.stringify(value) ?? '').search(placeholder) >= 0;
}

function keysIn(value: unknown): readonly string[] {
  if (typeof value !== 'object' || value === null) return [];
  const inner = Object.values(value).flatMap(keysIn);
  return Array.isArray(value) ? inner : [...Object.keys(value), ...inner];
}

/** Copies a value of JSON, with other strings. */
export function mapStrings(value: unknown, map: (text: string) => string): unknown {
  if (typeof value === 'string') return map(value);
  if (Array.isArray(value)) return value.map((each) => mapStrings(each, map));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, mapStrings(each, map)]));
}
