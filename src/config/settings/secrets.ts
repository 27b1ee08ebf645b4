/** Takes secrets out of values of the configuration that are about to be shown, in an error or in a print. */
import { isRawObject, type Path, type Raw, type SchemaNode, type SettingsTree } from './tree.ts';

const mask = '***';

/** The value with every secret replaced by `***`, and the credentials of every URL. */
export function maskSecrets(tree: SettingsTree, value: Raw, path: Path = []): Raw {
  const nodes = tree.nodesAt(path);
  const secrets = nodes.map((node) => node.secret ?? shorthandSecret(node));
  if (secrets.includes(true)) return mask;
  if (typeof value !== 'object' || value === null) {
    if (secrets.includes('url')) return typeof value === 'string' ? maskUrl(value) : value;
    if (nodes.some((node) => node.enum?.includes(value) === true)) return value;
    // A bare value where a mapping with a secret in it belongs is most likely that secret.
    if (nodes.some((node) => !isScalar(node) && holdsSecret(node))) return mask;
    return typeof value === 'string' && value.includes('://') ? maskUrl(value) : value;
  }
  if (isRawObject(value)) {
    const entries = Object.entries(value).map(([key, inner]) => [
      key,
      maskSecrets(tree, inner, [...path, key]),
    ]);
    return Object.fromEntries(entries);
  }
  return value.map((inner, index) => maskSecrets(tree, inner, [...path, index]));
}

/** As `maskSecrets`, for an error: a list or mapping in the wrong place is told by its size, not by what it holds. */
export function showValue(tree: SettingsTree, value: Raw | undefined, path: Path): string {
  if (value === undefined) return 'missing';
  if (isRawObject(value)) return 'a mapping';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : `a list of ${value.length}`;
  const text = JSON.stringify(maskSecrets(tree, value, path));
  return text.length > maxShown ? `${text.slice(0, maxShown)}…` : text;
}

const maxShown = 100;

function isScalar(node: SchemaNode): boolean {
  return node.properties === undefined && node.items === undefined && node.anyOf === undefined;
}

function holdsSecret(node: SchemaNode): boolean {
  if (node.secret === true) return true;
  const inner = [
    ...Object.values(node.properties ?? {}),
    ...(node.anyOf ?? []),
    ...(node.items ? [node.items] : []),
  ];
  return inner.some(holdsSecret);
}

function shorthandSecret(node: SchemaNode): boolean | 'url' | undefined {
  return node.shorthand === undefined ? undefined : node.properties?.[node.shorthand]?.secret;
}

/** Paths, in which an `@` is an `@`. */
const plainPath = /^(?:sqlite:|memory|[./])/;

/**
 * By text, not by URL parser: a URL that does not parse may hold a password all the same. What precedes the last
 * `@` is hidden, and what follows a `?` or `#`. Where these marks may belong to a password that nobody escaped,
 * more is hidden.
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
