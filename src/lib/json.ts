/** Parses JSON; undefined if it is none. For the words of others: a parser's error would quote them. */
export function jsonOrNothing(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
