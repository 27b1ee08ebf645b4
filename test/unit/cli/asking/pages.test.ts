/** Lists that come page by page, and what is made of answers that are none. */
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Ask, Asked } from '../../../../src/cli/asking/gateway.ts';
import { listingOf } from '../../../../src/cli/asking/listing.ts';
import { outputOf } from '../../../../src/cli/asking/output.ts';
import { maxPages, pageRows, pagesOf } from '../../../../src/cli/asking/pages.ts';
import { Blocks, blockLength } from '../../../../src/cli/output/blocks.ts';
import type { Screen } from '../../../../src/cli/output/terminal.ts';

const schema = z.looseObject({ rows: z.array(z.number()), next: z.string().nullable() });
const list = { path: '/v1/x', query: new URLSearchParams({ a: 'b' }), place: 'cursor' as const, schema };

async function read(ask: Ask) {
  const pages: (readonly number[])[] = [];
  for await (const { rows } of pagesOf(ask, list)) pages.push(rows);
  return pages;
}

describe('a list', () => {
  it('is asked for page by page, until none is left', async () => {
    const asked: string[] = [];
    const ask = async ({ query }: Asked) => {
      asked.push(String(query));
      return asked.length < 3 ? { rows: [], next: `c${asked.length}` } : { rows: [1], next: null };
    };
    expect(await read(ask)).toEqual([[], [], [1]]);
    const first = `a=b&n=${pageRows}`;
    expect(asked).toEqual([first, `${first}&cursor=c1`, `${first}&cursor=c2`]);
  });

  it('that does not end, ends', async () => {
    let pages = 0;
    const ask = async () => ({ rows: [], next: `c${pages++}` });
    await expect(read(ask)).rejects.toThrow(`read /v1/x: more than ${maxPages} pages: must come to an end`);
    expect(pages).toBe(maxPages);
  });

  it('of another form is refused by name', async () => {
    await expect(read(async () => ({ rows: ['x'], next: null }))).rejects.toMatchObject({
      ...{ code: 'PROTOCOL', retryable: false },
      message: 'read /v1/x: rows[0]: "x": must be a number: is the gateway of the same version?',
    });
  });
});

describe('the listing of a repository', () => {
  const row = (repository: string, listed: object | null) => ({ registry: 'docker.io', repository, listed });
  const of = (text: string, ...pages: readonly (readonly object[])[]) => {
    const left = [...pages];
    return listingOf(
      async () => ({ repositories: left.shift() ?? [], next: left.length > 0 ? 'x' : null }),
      text,
    );
  };
  const listed = { readAt: null };

  it('is found among those below it, by its canonical name', async () => {
    const below = row('alpine/git', listed);
    expect(await of('alpine', [below], [], [row('library/alpine', listed)])).toEqual({
      ...{ kind: 'listed', name: 'docker.io/library/alpine' },
    });
    expect((await of('a/b', [row('a/b', null), row('a/b/c', listed)])).kind).toBe('not-listed');
  });

  it('is unknown without it', async () => {
    expect(await of('a/b', [row('a/b/c', listed)])).toEqual({ kind: 'unknown', name: 'a/b' });
    expect(await of('a/b')).toEqual({ kind: 'unknown', name: 'a/b' });
  });
});

describe('what a command prints', () => {
  function open(flags: { json?: boolean; quiet?: boolean; color?: boolean }, isTty: boolean) {
    const written: string[] = [];
    const screen = (name: string): Screen => ({
      isTty,
      write: async (text) => written.push(`${name} ${text}`) > 0,
      paint: (_, text) => `<${text}>`,
    });
    const terminal = { out: screen('out'), err: screen('err'), watchReader: () => () => {} };
    const { json = false, quiet = false, color = true } = flags;
    return { output: outputOf('x', { json, quiet, 'no-color': !color }, terminal), written };
  }

  it('are columns on a terminal, tabs elsewhere, and JSON if asked for', () => {
    const formats = [open({}, true), open({}, false), open({ json: true }, true)];
    expect(formats.map(({ output }) => output.format)).toEqual(['columns', 'tabs', 'json']);
    expect(open({ color: false }, true).output.out.paint('red', 'a')).toBe('a');
  });

  it('are warnings always, notes unless quiet, and remarks only on a terminal', () => {
    const all = (flags: { quiet?: boolean }, isTty: boolean) => {
      const { output, written } = open(flags, isTty);
      output.warn('w\u001b');
      output.note('n');
      output.remark('r');
      return written;
    };
    const warning = 'err manifeed x: w\\u001b\n';
    expect(all({}, true)).toEqual([warning, 'err manifeed x: n\n', 'err <r>\n']);
    expect(all({}, false)).toEqual([warning, 'err manifeed x: n\n']);
    expect(all({ quiet: true }, true)).toEqual([warning]);
  });
});

describe('lines in blocks', () => {
  it('are written together, and not after the reader has left', async () => {
    const written: string[] = [];
    let hasReader = true;
    const write = async (text: string) => {
      written.push(text);
      return hasReader;
    };
    const blocks = new Blocks({ isTty: false, write, paint: (_, text) => text });
    await blocks.add('a');
    await blocks.add('b');
    await blocks.flush();
    expect(written).toEqual(['a\nb\n']);
    hasReader = false;
    await blocks.add('x'.repeat(blockLength));
    expect([written.length, blocks.hasReader]).toEqual([2, false]);
    await blocks.add('y'.repeat(blockLength));
    await blocks.flush();
    expect(written.length).toBe(2);
  });
});
