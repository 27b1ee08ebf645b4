/** Hides secrets in configuration values before an error or a print shows them. */
import type { PlacedVariables } from './placed-variables.ts';
import { isRawObject, type Path, type Raw, type SchemaNode, type SettingsTree } from './tree.ts';

/** Stands for a secret. */
export const mask = '***';

/**
 * Replaces every secret, and the credentials of every URL, by `***`.
 *
 * @param placed what came from variables. Default: nobody knows, so that what may have come from one is hidden
 */
export function maskSecrets(tree: SettingsTree, value: Raw, path: Path = [], placed?: PlacedVariables): Raw {
  const nodes = tree.nodesAt(path);
  const secrets = nodes.map((node) => node.secret ?? shorthandSecret(node));
  if (secrets.includes(true)) return mask;
  if (secrets.includes('variables')) return maskPlaced(value, path, placed);
  if (typeof value !== 'object' || value === null) {
    if (secrets.includes('path')) return typeof value === 'string' ? originOf(value) : value;
    if (secrets.includes('url')) return typeof value === 'string' ? maskUrl(value) : value;
    if (nodes.some((node) => node.enum?.includes(value) === true)) return value;
    // A scalar in place of a mapping that holds a secret is most likely that secret.
    if (nodes.some((node) => !isScalar(node) && holdsSecret(node))) return mask;
    return typeof value === 'string' && value.includes('://') ? maskUrl(value) : value;
  }
  if (isRawObject(value)) {
    const entries = Object.entries(value).map(([key, inner]) => [
      key,
      maskSecrets(tree, inner, [...path, key], placed),
    ]);
    return Object.fromEntries(entries);
  }
  return value.map((inner, index) => maskSecrets(tree, inner, [...path, index], placed));
}

function maskPlaced(value: Raw, path: Path, placed: PlacedVariables | undefined): Raw {
  if (Array.isArray(value))
    return value.map((inner: Raw, index) => maskPlaced(inner, [...path, index], placed));
  if (isRawObject(value)) {
    const entries = Object.entries(value).map(([key, inner]) => [
      key,
      maskPlaced(inner, [...path, key], placed),
    ]);
    return Object.fromEntries(entries);
  }
  if (typeof value !== 'string') return value;
  if (placed === undefined) return mask;
  return placed.shownAt(path) ?? (value.includes('://') ? maskUrl(value) : value);
}

/** The secrets in a value, and the URLs that hold one, wherever the settings say that a secret stands. */
export function secretsIn(
  tree: SettingsTree,
  value: unknown,
  path: Path,
): { readonly secrets: readonly string[]; readonly urls: readonly string[] } {
  const found = { secrets: new Set<string>(), urls: new Set<string>() };
  const visit = (inner: unknown, at: Path, isSecret: boolean): void => {
    const marks = tree.nodesAt(at).map(({ secret }) => secret);
    const isHidden = isSecret || marks.includes(true);
    if (Array.isArray(inner))
      for (const [index, each] of inner.entries()) visit(each, [...at, index], isHidden);
    else if (typeof inner === 'object' && inner !== null)
      for (const [key, each] of Object.entries(inner)) visit(each, [...at, key], isHidden);
    else if (typeof inner !== 'string' || inner === '') return;
    else if (isHidden) found.secrets.add(inner);
    else if (marks.includes('path') || marks.includes('url')) found.urls.add(inner);
  };
  visit(value, path, false);
  return { secrets: [...found.secrets], urls: [...found.urls] };
}

/** As `maskSecrets`, for an error. A list or mapping is described by its size, not by its content. */
export function showValue(tree: SettingsTree, value: Raw | undefined, path: Path): string {
  if (value === undefined) return 'missing';
  if (isRawObject(value)) return 'a mapping';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : `a list of ${value.length}`;
  const isUnquoted = tree.nodesAt(path).some(({ unquoted }) => unquoted === true);
  const text = JSON.stringify(isUnquoted ? mask : maskSecrets(tree, value, path));
  return text.length > maxShown ? `${text.slice(0, maxShown)}…` : text;
}

const maxShown = 100;

function isScalar(node: SchemaNode): boolean {
  const { properties, items, anyOf, additionalProperties } = node;
  return (
    [properties, items, anyOf].every((each) => each === undefined) && typeof additionalProperties !== 'object'
  );
}

function holdsSecret(node: SchemaNode): boolean {
  if (node.secret === true) return true;
  const inner = [
    ...Object.values(node.properties ?? {}),
    ...(node.anyOf ?? []),
    ...(node.items ? [node.items] : []),
    ...(typeof node.additionalProperties === 'object' ? [node.additionalProperties] : []),
  ];
  return inner.some(holdsSecret);
}

function shorthandSecret(node: SchemaNode): SchemaNode['secret'] {
  return node.shorthand === undefined ? undefined : node.properties?.[node.shorthand]?.secret;
}

/** The origin of a URL whose path or query may be a secret; `***` stands for the rest. */
export function originOf(url: string): string {
  const parsed = URL.parse(url);
  if (parsed === null || parsed.host === '') return mask;
  const { pathname, search, hash } = parsed;
  return pathname === '/' && search === '' && hash === '' ? parsed.origin : `${parsed.origin}/${mask}`;
}

/** Paths may contain an `@`: it separates no credentials there. */
const plainPath = /^(?:sqlite:|memory|[./])/;

/**
 * Works on the string, because a URL that does not parse may still hold a password. Hides what precedes the last
 * `@`, and what follows a `?` or `#`. Hides more if these characters may be part of an unescaped password.
 */
export function maskUrl(url: string): string {
  const [, scheme = '', rest = ''] = /^([a-z0-9+.-]+:\/\/)?(.*)$/is.exec(url) ?? [];
  if (scheme === '' && plainPath.test(url)) return url;
  const mark = rest.search(/[?#]/);
  if (mark === -1) return `${scheme}${withoutUserInfo(rest)}`;
  if (scheme === '' && !rest.includes('@')) return rest;
  if (rest.includes('@', mark)) return `${scheme}${mask}`;
  const plain = withoutUserInfo(rest.slice(0, mark));
  const colon = plain.includes('@') ? -1 : plain.indexOf(':');
  const shown = colon === -1 ? plain : `${plain.slice(0, colon)}:${mask}`;
  return `${scheme}${shown}${rest.charAt(mark)}${mask}`;
}

function withoutUserInfo(text: string): string {
  const at = text.lastIndexOf('@');
  return at === -1 ? text : `${mask}${text.slice(at)}`;
}
