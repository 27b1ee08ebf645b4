import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { tagPlaceSchema } from '../../../src/http/read/tag-list.ts';
import { Cursors, maxCursorLength } from '../../../src/reading/cursor.ts';

const place = {
  registry: 'docker.io',
  repository: 'library/nginx',
  tag: '1.27',
  updatedAt: 1_700_000_000_000,
};
const cursors = new Cursors(['tags', 'name'], tagPlaceSchema);

function parameterOf(text: string): string | undefined {
  try {
    cursors.parse(text);
  } catch (error) {
    return z
      .object({ code: z.literal('PARAMETER_INVALID'), detail: z.object({ parameter: z.string() }) })
      .parse(error).detail.parameter;
  }
  return undefined;
}

describe('Cursors', () => {
  it('reads what it wrote, and is safe in a URL', () => {
    const text = cursors.format(place);
    expect(text).toMatch(/^[\w-]+$/);
    expect(cursors.parse(text)).toEqual(place);
    expect(new Cursors(['tags', 'name'], tagPlaceSchema).parse(text)).toEqual(place);
    expect(cursors.parse(undefined)).toBeUndefined();
  });

  it('keeps every place that there can be within its bound', () => {
    const longest = {
      registry: 'r'.repeat(255),
      repository: 'a'.repeat(255),
      tag: 't'.repeat(128),
      updatedAt: 1e15,
    };
    const text = cursors.format(longest);
    expect(text.length).toBeLessThan(maxCursorLength);
    expect(cursors.parse(text)).toEqual(longest);
  });

  it('refuses the cursor of another query', () => {
    expect(parameterOf(new Cursors(['tags', 'updated'], tagPlaceSchema).format(place))).toBe('cursor');
  });

  it('refuses whatever else it is given, naming the parameter', () => {
    const parts = fc
      .anything()
      .map((value) => Buffer.from(JSON.stringify(value) ?? '').toString('base64url'));
    fc.assert(
      fc.property(fc.oneof(fc.string(), parts), (text) => {
        expect(parameterOf(text)).toBe('cursor');
      }),
    );
    const [mark] = JSON.parse(Buffer.from(cursors.format(place), 'base64url').toString());
    for (const forged of [
      { ...place, tag: 1 },
      { ...place, more: 1 },
      { ...place, updatedAt: 0.5 },
      null,
      [],
    ]) {
      const text = Buffer.from(JSON.stringify([mark, forged])).toString('base64url');
      expect(parameterOf(text)).toBe('cursor');
    }
    expect(parameterOf('a'.repeat(maxCursorLength + 1))).toBe('cursor');
  });
});
