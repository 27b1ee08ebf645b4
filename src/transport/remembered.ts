/** Entries remembered in one map; longer keys are not. */
const maxRemembered = 1_000;
const maxRememberedLength = 2_048;

/** What `make` returned for this key, or returns now. At its bound the map forgets its oldest entry. */
export function remembered<T>(known: Map<string, T>, key: string, make: (key: string) => T): T {
  const before = known.get(key);
  if (before !== undefined) return before;
  const made = make(key);
  if (key.length > maxRememberedLength) return made;
  const oldest = known.size >= maxRemembered ? known.keys().next().value : undefined;
  if (oldest !== undefined) known.delete(oldest);
  known.set(key, made);
  return made;
}
