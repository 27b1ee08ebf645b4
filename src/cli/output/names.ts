/** How commands write what they name. Only the text of a TTY is shortened. */
import { escapeText } from './escape.ts';

interface Named {
  readonly registry: string;
  readonly repository: string;
  readonly tag: string | null;
}

/** `host/repo:tag`, as it is; without a tag `host/repo`. */
export function referenceOf({ registry, repository, tag }: Named): string {
  const name = `${registry}/${repository}`;
  return tag === null ? name : `${name}:${tag}`;
}

/** What stands in a field that is not known. */
export const nothing = '-';

/** `sha256:` and all digits. */
export function fullDigest(digest: string | null): string {
  return digest === null ? nothing : escapeText(digest);
}

/** Twelve digits, as Docker shows them. */
export function shortDigest(digest: string | null): string {
  if (digest === null) return nothing;
  return escapeText(digest.slice(digest.indexOf(':') + 1).slice(0, 12));
}
