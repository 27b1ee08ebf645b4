const mebibyte = 1024 ** 2;
const gibibyte = 1024 ** 3;

/** Bytes for people, rounded down: in MiB, from 10 GiB on in GiB. */
export function sizeText(bytes: number): string {
  if (bytes >= 10 * gibibyte) return `${Math.floor(bytes / gibibyte)} GiB`;
  return `${Math.floor(bytes / mebibyte)} MiB`;
}
