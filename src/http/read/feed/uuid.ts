import { hash } from 'node:crypto';

/** Manifeed's own; it never changes, since readers would take every item for a new one. */
const namespace = Buffer.from('fe32e3384d0846498be842ddf4ca74cb', 'hex');

/** A name-based UUID (RFC 9562, 5.5, version 5): the same name gives the same one everywhere. */
export function uuidOf(name: string): string {
  const hex = hash('sha1', Buffer.concat([namespace, Buffer.from(name)]), 'hex');
  // The variant of RFC 9562, 4.1: the two highest bits are 10.
  const variant = ((Number.parseInt(hex.slice(16, 17), 16) & 3) | 8).toString(16);
  const high = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}`;
  return `${high}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
