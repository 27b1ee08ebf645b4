/** The address of a screen: what stands behind `#/`. `#/changes?repository=nginx` is screen `changes` with a query. */

export interface Route {
  /** Name of the screen; empty: the first one. */
  readonly screen: string;
  /** What follows the screen's name, decoded: `docker.io/library/nginx`. Empty: nothing. */
  readonly rest: string;
  readonly query: URLSearchParams;
}

/** Reads a hash. It takes any: what it cannot decode it leaves as it is. */
export function parseRoute(hash: string): Route {
  const text = hash.replace(/^#?\/?/, '');
  const [path = '', ...queries] = text.split('?');
  const [screen = '', ...rest] = path.split('/');
  return {
    screen: decode(screen),
    rest: rest.map(decode).join('/'),
    query: new URLSearchParams(queries.join('?')),
  };
}

/** The hash of a screen, for `href`. @param rest with slashes, not encoded */
export function hrefOf(screen: string, rest = '', query: URLSearchParams = new URLSearchParams()): string {
  const path = rest === '' ? '' : `/${rest.split('/').map(encode).join('/')}`;
  const text = query.toString();
  return `#/${screen}${path}${text === '' ? '' : `?${text}`}`;
}

/** Colons stay, so that a tag's address reads like a reference. */
function encode(part: string): string {
  return encodeURIComponent(part).replaceAll('%3A', ':').replaceAll('%40', '@');
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
