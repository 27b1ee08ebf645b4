/** Repositories are found by a part of their name. */
import { describe, expect, it } from 'vitest';
import { Finder, maxFound, maxLooked, maxPages, prefixOf } from '../../../dashboard/src/gateway/finder.ts';

/** A gateway with these repositories, in pages of `n`. */
function play(names: readonly string[], n = 1_000) {
  const asked: (string | null)[] = [];
  const finder = new Finder(async (prefix, cursor) => {
    asked.push(prefix);
    const matching = names.filter((name) => prefix === null || name.startsWith(`${prefix}/`));
    const from = Number(cursor ?? 0);
    const repositories = matching.slice(from, from + n).map((name) => {
      const [registry = '', ...rest] = name.split('/');
      return { registry, repository: rest.join('/') };
    });
    return { repositories, next: from + n < matching.length ? String(from + n) : null };
  });
  const find = async (text: string) => {
    const found = await finder.find(text, new AbortController().signal);
    return { ...found, rows: found.rows.map(({ registry, repository }) => `${registry}/${repository}`) };
  };
  return { find, asked };
}

const many = (count: number) => Array.from({ length: count }, (_, index) => `ghcr.io/team/app-${index}`);

describe('a finder', () => {
  it('finds what has the text anywhere, over all pages', async () => {
    const { find } = play(['docker.io/library/nginx', 'ghcr.io/a/app', 'quay.io/b/nginx-debug'], 1);
    expect(await find('nginx')).toEqual({
      ...{ rows: ['docker.io/library/nginx', 'quay.io/b/nginx-debug'], isCut: false, looked: 3 },
    });
  });

  it('ends at a gateway whose pages never do', async () => {
    let asked = 0;
    const finder = new Finder(async () => ({ repositories: [], next: String(asked++) }));
    const found = await finder.find('x', new AbortController().signal);
    expect([found, asked]).toEqual([{ rows: [], isCut: true, looked: 0 }, maxPages]);
  });

  it('asks once for a prefix, however many letters follow', async () => {
    const { find, asked } = play(many(5));
    await find('ghcr.io/t');
    await find('ghcr.io/te');
    expect((await find('ghcr.io/team')).rows.length).toBe(5);
    expect(asked).toEqual(['ghcr.io']);
    await find('ghcr.io/team/app-3');
    expect(asked).toEqual(['ghcr.io', 'ghcr.io/team']);
  });

  it('gives a bounded number, and asks for no more than that needs', async () => {
    const { find, asked } = play(many(3_000));
    const { rows, isCut } = await find('app');
    expect([rows.length, isCut, asked.length]).toEqual([maxFound, true, 1]);
  });

  it('looks at a bounded number, and says that there are more', async () => {
    const { find, asked } = play(many(maxLooked + 5_000));
    expect(await find('nothing')).toEqual({ rows: [], isCut: true, looked: maxLooked });
    expect(asked.length).toBe(maxLooked / 1_000);
  });
});

it('prefixOf is the whole segments behind a host: without a host the gateway would take Docker Hub’s', () => {
  expect(prefixOf('ghcr.io/team/a')).toBe('ghcr.io/team');
  expect(prefixOf('ghcr.io/')).toBe('ghcr.io');
  expect(prefixOf('localhost/app')).toBe('localhost');
  expect(prefixOf('host:5000/a')).toBe('host:5000');
  expect(['team/app', 'ghcr.io', '', '/a'].map(prefixOf)).toEqual([null, null, null, null]);
});
