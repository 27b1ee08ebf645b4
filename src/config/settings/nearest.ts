/** Finds what a mistyped name was meant to be. */

/** The known name nearest to a mistyped one; null if none is near. */
export function suggest(text: string, known: readonly string[]): string | null {
  const limit = Math.max(2, Math.floor(text.length / 3));
  let best: { candidate: string; distance: number } | null = null;
  for (const candidate of known) {
    const distance = editDistance(text.toLowerCase(), candidate.toLowerCase());
    if (distance <= limit && (best === null || distance < best.distance)) best = { candidate, distance };
  }
  return best?.candidate ?? null;
}

const maxCompared = 100;

/** Levenshtein distance. */
function editDistance(a: string, b: string): number {
  if (a.length > maxCompared || b.length > maxCompared) return Number.POSITIVE_INFINITY;
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
