/** The costliest filters that the gateway's limits allow, and a history over which they cost the most. */

/** Wildcards and comparators that one connection may have (`limits.globsPerConnection`). */
export const perConnection = 1_000;
export const wildcardsPerGlob = 8;
export const globsPerConnection = perConnection / wildcardsPerGlob;
const comparatorsPerRange = 16;
export const rangesPerConnection = Math.floor(perConnection / comparatorsPerRange);

const registry = 'registry.example.com:5000';
const letters = 'regist';
const word = 'registers-'.repeat(12);

/** 150 characters, over which each glob has to be walked to its end. */
export function costlyRepository(n: number): string {
  return `${registry}/${word}x/registry/q${n}`;
}

/** Different globs with all the wildcards that they may have, which fail only at their last letter. */
export function costlyGlobs(count: number, from = 0): readonly string[] {
  return Array.from({ length: count }, (_, n) => {
    const sequence = (from + n).toString(letters.length).padStart(6, '0');
    return `**${[...sequence].map((digit) => letters[Number(digit)]).join('*')}*q*`;
  });
}

/** Different ranges with all the comparators that they may have. */
export function costlyRanges(count: number, from = 0): readonly string[] {
  return Array.from({ length: count }, (_, n) => {
    const terms = Array.from({ length: comparatorsPerRange / 2 }, (_, term) => `~${from + n}.${term}.7`);
    return `semver:${terms.join('||')}`;
  });
}

/** As many names as one subscription may have, with tags until the memory of a connection is full. */
export function manyNames(): { readonly repository: readonly string[]; readonly tag: readonly string[] } {
  const named = (text: string, count: number) => Array.from({ length: count }, (_, n) => `${text}${n}`);
  return { repository: named(`${registry}/team/application-`, 1_000), tag: named('tag-', 70) };
}

export function toQuery(members: Readonly<Record<string, string | readonly string[]>>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(members)) {
    for (const each of typeof value === 'string' ? [value] : value) query.append(name, each);
  }
  return query.toString();
}
