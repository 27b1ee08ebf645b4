/** Globs of eight wildcards that one connection may have by default. */
export const costliest = 125;

const letters = 'regist';
const word = 'registers-'.repeat(6);

/** A repository against which each of `costlyGlobs` matches up to its last letter. */
export function costlyRepository(n: number): string {
  return `${word}x/registry/q${n}`;
}

/** Different globs with the most wildcards allowed, which fail only at their last letter. */
export function costlyGlobs(count: number, from = 0): readonly string[] {
  return Array.from({ length: count }, (_, n) => {
    const sequence = (from + n).toString(letters.length).padStart(6, '0');
    return `**${[...sequence].map((digit) => letters[Number(digit)]).join('*')}*q*`;
  });
}
