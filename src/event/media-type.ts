const grammar = /^[A-Za-z0-9!#$&^_.+-]{1,127}\/[A-Za-z0-9!#$&^_.+-]{1,127}$/;

/**
 * A media type's name as RFC 6838 section 4.2 allows it, without parameters; null for anything else. Both sources
 * use it, because the value goes to every subscriber as it is.
 */
export function parseMediaType(value: string | null | undefined): string | null {
  return value !== undefined && value !== null && grammar.test(value) ? value : null;
}
