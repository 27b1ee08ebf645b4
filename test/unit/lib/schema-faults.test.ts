import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { checkSchema, formatFaultPath } from '../../../src/lib/schema-faults.ts';
import { jargon } from '../../support/jargon.ts';

function faultOf(schema: z.ZodType, value: unknown): string {
  const result = checkSchema(schema, value);
  if (result.ok) throw new Error('accepted');
  return result.faults
    .map(({ path, found, rule }) => `${formatFaultPath(path)}: ${found}: ${rule}`)
    .join('; ');
}

type Case = readonly [schema: z.ZodType, value: unknown, fault: string];

/** For every code that zod has: a new one does not compile until it is here. */
const cases: Readonly<Record<z.core.$ZodIssue['code'], readonly Case[]>> = {
  invalid_type: [
    [z.string(), null, ': null: must be a string'],
    [z.object({ a: z.string() }), {}, 'a: missing: must be a string'],
    [z.number(), 'x', ': "x": must be a number'],
    [z.int(), 1.5, ': 1.5: must be an integer'],
    [z.boolean(), {}, ': an object: must be true or false'],
    [z.array(z.string()), 1, ': 1: must be a list'],
    [z.array(z.string()), ['a', 1], '[1]: 1: must be a string'],
    [z.strictObject({}), [], ': an empty list: must be an object'],
    [z.record(z.string(), z.string()), true, ': true: must be an object'],
    [z.null(), [1, 2], ': a list of 2: must be null'],
    [z.never(), 1, ': 1: must be left out'],
    [z.undefined(), 1, ': 1: must be left out'],
    [z.string().optional().nonoptional(), undefined, ': missing: must be given'],
    [z.date(), 1, ': 1: must be a time'],
    [z.bigint(), 1, ': 1: must be an integer'],
    [z.symbol(), 1, ': 1: must be symbol'],
  ],
  too_small: [
    [z.string().min(1), '', ': an empty string: must not be empty'],
    [z.string().min(3), 'ab', ': "ab": must have at least 3 characters'],
    [z.string().length(3), 'ab', ': "ab": must have exactly 3 characters'],
    [z.array(z.string()).min(1), [], ': an empty list: must not be empty'],
    [z.array(z.number()).min(2), [1], ': a list of 1: must have at least 2 entries'],
    [z.number().min(5), 4, ': 4: must be at least 5'],
    [z.number().gt(5), 5, ': 5: must be more than 5'],
  ],
  too_big: [
    [z.string().max(1), 'ab', ': "ab": must have at most 1 character'],
    [z.string().max(64), 'x'.repeat(65), ': a string of 65 characters: must have at most 64 characters'],
    [z.array(z.string()).max(1), ['a', 'b'], ': a list of 2: must have at most 1 entry'],
    [z.number().max(10_000_000), 1e9, ': 1000000000: must be at most 10,000,000'],
    [z.number().lt(5), 5, ': 5: must be less than 5'],
  ],
  invalid_format: [
    [z.string().regex(/^a$/), 'b', ': "b": must match /^a$/'],
    [z.string().startsWith('a'), 'b', ': "b": must begin with "a"'],
    [z.string().endsWith('a'), 'b', ': "b": must end with "a"'],
    [z.string().includes('a'), 'b', ': "b": must contain "a"'],
    [z.ipv4(), 'b', ': "b": must have the format ipv4'],
  ],
  not_multiple_of: [[z.number().multipleOf(5), 4, ': 4: must be a multiple of 5']],
  unrecognized_keys: [
    [
      z.strictObject({ a: z.object({}) }),
      { a: {}, b: 1, c: 2 },
      'b: unknown member: must be left out; c: unknown member: must be left out',
    ],
    // Within a choice there is no path to the member, so its sentence has to name it.
    [
      z.union([z.strictObject({}), z.strictObject({ a: z.string().optional() })]),
      { b: 1 },
      ': an object: must not have the unknown member "b"',
    ],
  ],
  invalid_union: [
    [z.union([z.string(), z.array(z.string())]), 1, ': 1: must be a string, or be a list'],
    [
      z.discriminatedUnion('row', [z.object({ row: z.literal('a') })]),
      { row: 'x' },
      'row: "x": must have a known "row"',
    ],
    [z.xor([z.string(), z.string()]), 'x', ': "x": must fit exactly one of the choices'],
  ],
  invalid_key: [
    [z.record(z.string().regex(/^a$/), z.string()), { c: 'x' }, 'c: "x": must have acceptable member names'],
  ],
  invalid_element: [
    [z.map(z.date(), z.string()), new Map([[new Date(0), 1]]), ': an object: must have acceptable entries'],
  ],
  invalid_value: [
    [z.enum(['push', 'delete']), 'x', ': "x": must be one of "push", "delete"'],
    [z.literal('subscribe'), undefined, ': missing: must be "subscribe"'],
    [z.literal([1, null]), 'x', ': "x": must be one of 1, null'],
  ],
  custom: [
    [z.string().refine(() => false), 'x', ': "x": must be acceptable'],
    [z.string({ error: 'must be a name' }), 1, ': 1: must be a name'],
  ],
};

describe('checkSchema', () => {
  it('gives back what fits', () => {
    expect(checkSchema(z.object({ a: z.string().default('b') }), {})).toEqual({ ok: true, data: { a: 'b' } });
  });

  describe.each(Object.entries(cases))('says in our words what is wrong, for the code %s', (code, list) => {
    it.each(list)(`${code} %#`, (schema, value, fault) => {
      expect(faultOf(schema, value)).toBe(fault);
      expect(faultOf(schema, value)).not.toMatch(jargon);
      const issues = schema.safeParse(value).error?.issues ?? [];
      const codes = issues.flatMap((issue) => [
        issue.code,
        ...(issue.code === 'invalid_union' ? issue.errors.flat().map((inner) => inner.code) : []),
      ]);
      if (code !== 'custom') expect(codes).toContain(code);
    });
  });

  it('does not repeat what a member holds whose name says that it is a secret', () => {
    const schema = z.object({
      access_token: z.string().max(3),
      password: z.string(),
      list: z.array(z.object({ secret: z.null() })),
    });
    const fault = faultOf(schema, {
      access_token: 'hunter2',
      password: 12345,
      list: [{ secret: 'hunter2' }],
    });
    expect(fault).toBe(
      'access_token: a string of 7 characters: must have at most 3 characters; ' +
        'password: a number: must be a string; list[0].secret: a string of 7 characters: must be null',
    );
  });
});
