/** Characters of the hexadecimal part that are shown: as many as Docker shows. */
const shown = 12;

/** `sha256:0123456789ab…` → `0123456789ab`; other algorithms keep their name. Whole digests belong into a title. */
export function shortDigest(digest: string): string {
  const colon = digest.indexOf(':');
  const algorithm = digest.slice(0, colon);
  const hex = digest.slice(colon + 1, colon + 1 + shown);
  return algorithm === 'sha256' ? hex : `${algorithm}:${hex}`;
}
