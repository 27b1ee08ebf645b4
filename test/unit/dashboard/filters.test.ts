/** A filter in the address, and the same one in other languages. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { filterOf, isEmptyFilter, listOf, queryOf } from '../../../dashboard/src/lib/change-filter.ts';
import { publishCommand } from '../../../dashboard/src/lib/publish-hook.ts';
import { quoted, snippetsOf } from '../../../dashboard/src/lib/snippets.ts';

const everything = { repository: [], tag: [], type: [] };
const some = { repository: ['nginx', 'ghcr.io/team/*'], tag: ['semver:^1.27'], type: ['tag.updated'] };

describe('a filter', () => {
  it('stands in the address as the gateway takes it', () => {
    const query = queryOf(some);
    expect(query.getAll('repository')).toEqual(['nginx', 'ghcr.io/team/*']);
    expect(filterOf(query)).toEqual(some);
  });

  it('has no empty values: the gateway refuses them', () => {
    expect(filterOf(new URLSearchParams('repository=&tag=1&before=e-1'))).toEqual({
      ...everything,
      tag: ['1'],
    });
  });

  it('is empty if it lets everything through', () => {
    expect([isEmptyFilter(everything), isEmptyFilter(some)]).toEqual([true, false]);
  });

  it('is typed with commas; a range may have spaces', () => {
    expect(listOf(' nginx, ghcr.io/team/* ,, ')).toEqual(['nginx', 'ghcr.io/team/*']);
    expect(listOf('semver:>=1.2 <2 || ^3')).toEqual(['semver:>=1.2 <2 || ^3']);
    expect(listOf('  ')).toEqual([]);
  });
});

/** The text of one snippet. */
function snippet(name: string, filter = some, needsToken = true, url = 'https://gw.example.com/feeds/') {
  return snippetsOf({ url, filter, needsToken }).find((each) => each.name === name)?.text;
}

describe('a snippet', () => {
  it('for curl asks for the same changes', () => {
    expect(snippet('curl', everything, false)).toBe('curl -N https://gw.example.com/feeds/v1/events');
    const lines = snippet('curl')?.split('\n') ?? [];
    expect(lines[0]).toBe('curl -N -H "Authorization: Bearer $MANIFEED_TOKEN" \\');
    const url = new URL(/'(.*)'/.exec(lines[1] ?? '')?.[1] ?? '');
    expect(filterOf(url.searchParams)).toEqual(some);
  });

  it('for EventSource puts the token into the address when the page runs, not before', () => {
    expect(snippet('EventSource')).toContain("url.searchParams.set('access_token', token);");
    expect(snippet('EventSource', everything, false)).toContain(
      "new EventSource('https://gw.example.com/feeds/v1/events');",
    );
  });

  it('for TypeScript is a program with the same filter', () => {
    expect(snippet('TypeScript')).toContain(
      [
        'const token = process.env.MANIFEED_TOKEN;',
        "const filter = { repository: ['nginx', 'ghcr.io/team/*'], tag: 'semver:^1.27', type: 'tag.updated' };",
        "const feed = openFeed('https://gw.example.com/feeds', { token });",
        'for await (const event of feed.events(filter)) {',
      ].join('\n'),
    );
    expect(snippet('TypeScript', everything, false)).toContain('feed.events()');
  });

  it('for the command line watches the same', () => {
    expect(snippet('Command line')).toMatch(
      /^manifeed watch nginx 'ghcr\.io\/team\/\*' --tag 'semver:\^1\.27' --type tag\.updated$/m,
    );
    expect(snippet('Command line', everything, false)).toBe(
      "export MANIFEED_URL=https://gw.example.com/feeds\nmanifeed watch '**'",
    );
  });

  it('for feed readers is an address', () => {
    expect(new URL(snippet('Atom') ?? '').pathname).toBe('/feeds/v1/feed.atom');
  });

  it('is the literal that it stands for, whatever is in the filter', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (tag) => {
        const text = snippet('TypeScript', { ...everything, tag: [tag] }) ?? '';
        const inner = /tag: '(.*)' \};\n/s.exec(text)?.[1] ?? '';
        expect(inner).not.toMatch(/(?<!\\)(?:\\\\)*'/);
        expect(JSON.parse(`"${inner.replaceAll("\\'", "'").replaceAll('"', '\\"')}"`)).toBe(tag);
      }),
    );
  });
});

describe('quoted', () => {
  it('leaves plain words, and encloses everything else', () => {
    expect(['ghcr.io/a:1', '', '$HOME', 'a b', "it's"].map(quoted)).toEqual([
      ...['ghcr.io/a:1', "''", "'$HOME'", "'a b'", "'it'\\''s'"],
    ]);
  });

  it('leaves the shell nothing to expand', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const outside = quoted(text).replaceAll(/\\'|'[^']*'/g, '');
        expect(outside).toMatch(/^[\w./:@%+=,-]*$/);
      }),
    );
  });
});

it('publishCommand is a curl that the hook of this gateway takes', () => {
  const command = publishCommand('https://gw.example.com/feeds/', '/v1/hooks/ci');
  expect(command).toMatch(/ https:\/\/gw\.example\.com\/feeds\/v1\/hooks\/ci$/);
  expect(JSON.parse(/-d '(.*)'/.exec(command)?.[1] ?? '')).toMatchObject({ reference: 'nginx:1.27' });
});
