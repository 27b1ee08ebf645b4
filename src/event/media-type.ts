const grammar = /^[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}\/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}$/;

/** A media type's name without parameters (RFC 6838, 4.2); null for anything else. */
export function parseMediaType(value: string | null | undefined): string | null {
  return value !== undefined && value !== null && grammar.test(value) ? value : null;
}
