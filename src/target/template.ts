/**
 * Text with placeholders, such as `${change.repository}`. It is no expression language: each placeholder is one value,
 * and whoever fills it escapes the value for where it stands.
 */
import { suggest } from '../config/settings/nearest.ts';
import { imageNames } from './image-names.ts';
import type { ChangeDelivery, SettingFault } from './kind.ts';
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

/** Also those that are misspelled, have more in them or are not closed. After another `$` it is a literal. */
const placeholder = /(?<!\$)\$\{change\b(?:\.([A-Za-z]+)\})?/g;
/** Of `$${change`, which stands for the text `${change`, the `$` that is not meant. */
const escapeSign = /\$(?=\$\{change\b)/g;
const either = new RegExp(`${escapeSign.source}|${placeholder.source}`, 'g');

/** How a value is escaped for where it stands. */
export type Escape = (value: string) => string;

/** @param template without faults (`faultsOfTemplate`): what is no placeholder stays, and `$${change` is `${change` */
export function fill(template: string, delivery: ChangeDelivery, escaped: Escape): string {
  return template.replace(either, (whole, name: string = '') => {
    if (whole === '$') return '';
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    return value === undefined ? whole : escaped(String(value(delivery) ?? '').toWellFormed());
  });
}

/**
 * What is wrong with the placeholders in the strings of a value of JSON, without the rest of it.
 *
 * @param key of the member that has the value
 */
export function faultsOfTemplate(key: string, value: unknown): readonly SettingFault[] {
  if (typeof value === 'string') return faultsOfText(key, value);
  if (Array.isArray(value)) return value.flatMap((each, at) => faultsOfTemplate(`${key}[${at}]`, each));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, each]) => {
    // No `$${` is read in a name, so it is no escape there.
    if (!/\$\{change\b/.test(name)) return faultsOfTemplate(`${key}.${name}`, each);
    return [{ key, message: 'a placeholder in the name of a member: must be in a value' }];
  });
}

function faultsOfText(key: string, template: string): readonly SettingFault[] {
  return [...template.matchAll(placeholder)].flatMap(({ 0: whole, 1: name, index }) => {
    if (name !== undefined && Object.hasOwn(values, name)) return [];
    return [{ key, message: faultOfPlaceholder(whole, name, template.slice(index + whole.length)) }];
  });
}

/** @param rest what follows in the template: never shown, because it may be a secret */
function faultOfPlaceholder(whole: string, name: string | undefined, rest: string): string {
  const known = Object.keys(values).map((each) => `\${change.${each}}`);
  const rule = `must be one of ${known.join(', ')}`;
  if (name !== undefined) {
    const near = suggest(name, Object.keys(values));
    return `${whole}: ${rule}${near === null ? '' : `: did you mean \${change.${near}}?`}`;
  }
  const [, word = ''] = /^\.([A-Za-z]+)/.exec(rest) ?? [];
  const begun = Object.hasOwn(values, word) ? `${whole}.${word}` : whole;
  if (Object.hasOwn(values, word) && /^\.[A-Za-z]+:-/.test(rest))
    return `${begun}:-…: must be without ":-", because a placeholder has no default`;
  if (Object.hasOwn(values, word) && !/^[^$]*\}/.test(rest)) return `${begun}: must end with "}"`;
  return `${begun}: ${rule}`;
}

/** What a template without placeholders stands for. */
export function withoutEscapes(template: string): string {
  return template.replace(escapeSign, '');
}

/** Splits a template; the placeholders are at the odd places. */
export function splitAtPlaceholders(template: string): readonly string[] {
  return template.split(/((?<!\$)\$\{change\.[A-Za-z]+\})/);
}

/** Whether a placeholder is anywhere in a value of JSON, right or wrong. */
export function hasPlaceholder(value: unknown): boolean {
  return (JSON.stringify(value) ?? '').search(placeholder) >= 0;
}

/** Copies a value of JSON, with other strings. */
export function mapStrings(value: unknown, map: (text: string) => string): unknown {
  if (typeof value === 'string') return map(value);
  if (Array.isArray(value)) return value.map((each) => mapStrings(each, map));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, mapStrings(each, map)]));
}
