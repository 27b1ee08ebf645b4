/** As many globs of eight wildcards as one connection may have, by default. */
export const costliest = 125;

const letters = 'regist';
const word = 'registers-'.repeat(6);

/** A repository over which each of `costlyGlobs` has to be walked to its end. */
export function costlyRepository(n: number): string {
  return `${word}x/registry/q${n}`;
}

/** Different globs that have all the wildcards they may, and fail only at their last letter. */
export function costlyGlobs(count: number, from = 0): readonly string[] {
  return Array.from({ length: count }, (_, n) => {
    const sequence = (from + n).toString(letters.length).padStart(6, '0');
    return `**${[...sequence].map((digit) => letters[Number(digit)]).join('*')}*q*`;
  });
}
