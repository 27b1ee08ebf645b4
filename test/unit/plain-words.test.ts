/** Whatever comes from outside, what is answered is in our words: never a validator's. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/config.ts';
import { ConfigError } from '../../src/config/settings/problems.ts';
import { ManifeedError } from '../../src/errors.ts';
import { parsePaceChange } from '../../src/http/endpoints/put-pace.ts';
import { decodeRows } from '../../src/ledger/transfer-codec.ts';
import { longPollSchema } from '../../src/transport/long-poll.ts';
import { parseQuery } from '../../src/transport/parameters.ts';
import { streamSchema } from '../../src/transport/request.ts';
import { parseClientMessage } from '../../src/transport/websocket/messages.ts';
import { jargon } from '../support/jargon.ts';
import { readDelivery } from '../support/webhook-read.ts';

/** Values of every type, at and beyond bounds. */
const odd = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    0,
    -1,
    1.5,
    1e300,
    '',
    'x',
    'x'.repeat(2_000),
    [],
    [1],
    [null],
    {},
    { x: 1 },
  ),
  fc.object({ key: fc.stringMatching(/^[a-g]{1,4}$/), maxDepth: 2, maxKeys: 3 }),
);

/** Objects of these members, some odd, and now and then one that is none of them. */
function objectOf(members: readonly string[]) {
  return fc.dictionary(fc.constantFrom(...members, 'x'), odd, { maxKeys: 4 });
}

/** The refusal of one call; null where it takes the value. */
function refusalOf(run: () => unknown): string | null {
  try {
    run();
    return null;
  } catch (error) {
    if (error instanceof ManifeedError || error instanceof ConfigError) return error.message;
    throw error;
  }
}

const streamMembers = [
  'repository',
  'tag',
  'types',
  'after',
  'since',
  'snapshot',
  'conflate',
  'pace',
  'format',
  'access_token',
  'id',
];
const delivery = (json: unknown) => ({ json, headers: {}, body: Buffer.alloc(0) });

const doors: readonly { name: string; values: fc.Arbitrary<unknown>; read: (value: never) => unknown }[] = [
  {
    name: 'a WebSocket message',
    values: fc
      .tuple(fc.constantFrom('subscribe', 'unsubscribe', 'auth'), objectOf(streamMembers))
      .map(([type, members]) => ({ ...members, type })),
    read: (value: unknown) => parseClientMessage(JSON.stringify(value)),
  },
  {
    name: 'a query of a stream',
    values: fc.array(
      fc.tuple(fc.constantFrom(...streamMembers, 'type', 'x'), fc.constantFrom('', 'x', 'x'.repeat(99))),
    ),
    read: (pairs: [string, string][]) => parseQuery(new URLSearchParams(pairs), streamSchema),
  },
  {
    name: 'a query of a long-poll',
    values: fc.array(
      fc.tuple(fc.constantFrom('n', 'wait', 'pace', 'format', 'after', 'x'), fc.constantFrom('', 'x')),
    ),
    read: (pairs: [string, string][]) => parseQuery(new URLSearchParams(pairs), longPollSchema),
  },
  {
    name: 'a body for the pace',
    values: fc.oneof(objectOf(['repository', 'deliveriesPerSecond', 'forSeconds']), odd),
    read: parsePaceChange,
  },
  {
    name: 'a body for a hook of kind manifeed',
    values: fc.oneof(
      objectOf(['reference', 'digest', 'mediaType', 'size', 'occurredAt', 'action', 'id']),
      fc.array(odd, { maxLength: 3 }),
      odd,
    ),
    read: (value: unknown) => readDelivery(delivery(value), { name: 'h', kind: 'manifeed' }),
  },
  {
    name: 'a configuration',
    values: objectOf([
      ...['listen', 'ledger', 'defaultRegistry', 'retention', 'registries', 'webhooks', 'watch', 'access'],
      ...['cors', 'pace', 'limits', 'drain', 'log', 'trustProxy'],
    ]),
    read: (value: unknown) =>
      loadConfig({
        argv: ['--config', 'm'],
        env: {},
        readFile: () => JSON.stringify(value),
      }),
  },
  ...['registries', 'webhooks', 'watch', 'access'].map((section) => ({
    name: `a configuration's ${section}`,
    values: fc.array(
      objectOf([
        'host',
        'poll',
        'kind',
        'name',
        'token',
        'topics',
        'repository',
        'tags',
        'sha256',
        'repositories',
        'admin',
      ]),
      { minLength: 1, maxLength: 2 },
    ),
    read: (value: unknown) =>
      loadConfig({
        argv: ['--config', 'm'],
        env: {},
        readFile: () => JSON.stringify({ [section]: value }),
      }),
  })),
];

describe('a refusal is in our words', () => {
  it.each(doors)('of $name', ({ values, read }) => {
    let refused = 0;
    fc.assert(
      fc.property(values, (value) => {
        const message = refusalOf(() => read(value as never));
        if (message === null) return;
        refused++;
        // What a client sent may be quoted; what is not quoted is ours.
        expect(message.replaceAll(/"(?:[^"\\]|\\.)*"/g, '""')).not.toMatch(jargon);
        expect(message).toMatch(/must|did you mean|unknown/);
      }),
      { numRuns: 150 },
    );
    expect(refused).toBeGreaterThan(20);
  });

  it('of a row of an import', async () => {
    const row = fc
      .tuple(
        fc.constantFrom('header', 'change', 'tag', 'manifest', 'baseline', 'delivery', 'pending', 'end', 'x'),
        objectOf(['epoch', 'head', 'sequence', 'registry', 'tag', 'digest', 'at', 'rows', 'observation']),
      )
      .map(([kind, members]) => ({ ...members, row: kind }));
    await fc.assert(
      fc.asyncProperty(row, async (value) => {
        const rows = decodeRows(
          (async function* () {
            yield JSON.stringify(value);
          })(),
        );
        const message = await rows.next().then(
          () => null,
          (error: Error) => error.message,
        );
        if (message !== null) expect(message.replaceAll(/"(?:[^"\\]|\\.)*"/g, '""')).not.toMatch(jargon);
      }),
    );
  });

  it.each([
    [{ type: 'subscribe', id: 's', after: null }, 'after: null: must be a string'],
    [{ type: 'subscribe', id: 's', repository: [] }, 'repository: an empty list: must not be empty'],
    [{ type: 'subscribe', id: '' }, 'id: an empty string: must have 1 to 64 characters'],
    [{ type: 'subscribe' }, 'id: missing: must be a string'],
    [{ type: 'subscribe', id: 's', pace: 'fast' }, 'pace: "fast": must be one of "none", "default"'],
    [{ type: 'auth', access_token: 5 }, 'access_token: a number: must be a string'],
  ])('of the WebSocket message %j', (message, expected) => {
    expect(refusalOf(() => parseClientMessage(JSON.stringify(message)))).toBe(expected);
  });

  it.each([
    [null, 'set pace: body: null: must be an object'],
    [{}, 'set pace: deliveriesPerSecond: missing: must be a number'],
    [{ deliveriesPerSecond: 0 }, 'set pace: deliveriesPerSecond: 0: must be at least 0.01'],
    [
      { deliveriesPerSecond: 1, repository: 'a b' },
      'set pace: repository: "a b": must be a repository or a glob of at most 256 characters',
    ],
    [{ deliveriesPerSecond: 1, for: 1 }, 'set pace: for: unknown member: must be left out'],
  ])('of the pace %j', (body, expected) => {
    expect(refusalOf(() => parsePaceChange(body))).toBe(expected);
  });
});
