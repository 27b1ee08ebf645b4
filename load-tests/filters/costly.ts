/** The costliest filters that the gateway's limits allow, and the history over which they cost the most. */

/** Most wildcards and comparators of one connection (`limits.globsPerConnection`). */
export const perConnection = 1_000;
const wildcardsPerGlob = 8;
export const globsPerConnection = perConnection / wildcardsPerGlob;
const comparatorsPerRange = 16;
export const rangesPerConnection = Math.floor(perConnection / comparatorsPerRange);

const registry = 'registry.example.com:5000';
const letters = 'regist';
const word = 'registers-'.repeat(12);

/** 150 characters that make each glob match up to its last letter. */
export function costlyRepository(n: number): string {
  return `${registry}/${word}x/registry/q${n}`;
}

/** Different globs with the most wildcards allowed, which fail only at their last letter. */
export function costlyGlobs(count: number, from = 0): readonly string[] {
  return Array.from({ length: count }, (_, n) => {
    const sequence = (from + n).toString(letters.length).padStart(6, '0');
    return `**${[...sequence].map((digit) => letters[Number(digit)]).join('*')}*q*`;
  });
}

export function costlyRanges(count: number, from = 0): readonly string[] {
  return Array.from({ length: count }, (_, n) => {
    const terms = Array.from({ length: comparatorsPerRange / 2 }, (_, term) => `~${from + n}.${term}.7`);
    return `semver:${terms.join('||')}`;
  });
}

/** As many names as one subscription may have, with tags that fill up the connection's memory limit. */
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
