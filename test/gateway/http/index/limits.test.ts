/** How much one client, and all together, may ask at the same time; and what one request may read. */
import type { FastifyInstance } from 'fastify';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TagListPage } from '../../../../src/ledger/queries.ts';
import { readerLimits } from '../../../../src/reading/readers.ts';
import { type AskedLedger, openAskedLedger } from '../../../support/asked-ledger.ts';
import { indexServer } from '../../../support/index-server.ts';

let server: FastifyInstance;
let ledger: AskedLedger;
beforeEach(async () => {
  ledger = await openAskedLedger();
});
afterEach(() => server.close());

const { inAll: maxInAll, perClient: maxPerClient } = readerLimits;

const nothing: TagListPage = { tags: [], next: null, looked: 0 };

/** A server whose ledger answers nothing until `answer` is called. */
async function stalled() {
  const { promise, resolve } = Promise.withResolvers<TagListPage>();
  let asked = 0;
  const listTags = () => {
    asked += 1;
    return promise;
  };
  server = await indexServer({ ledger: { ...ledger, listTags }, clock: ledger.clock });
  const ask = async (client: string) => {
    const response = await server.inject({ url: '/v1/tags', headers: { authorization: `Bearer ${client}` } });
    return [response.statusCode, response.json().errors?.[0].code ?? 'OK'].join(' ');
  };
  const untilAsked = async (count: number) => {
    while (asked < count) await new Promise((pass) => setImmediate(pass));
  };
  return { ask, untilAsked, answer: () => resolve(nothing) };
}

describe('requests at the same time', () => {
  it(`are ${maxPerClient} of one client, and others do not feel it`, async () => {
    const { ask, untilAsked, answer } = await stalled();
    const first = Array.from({ length: maxPerClient }, () => ask('a'));
    await untilAsked(maxPerClient);
    expect(await ask('a')).toBe('429 TOO_MANY_REQUESTS');
    const other = ask('b');
    answer();
    expect(new Set(await Promise.all([...first, other]))).toEqual(new Set(['200 OK']));
    expect(await ask('a')).toBe('200 OK');
  });

  it(`are ${maxInAll} of all clients`, async () => {
    const { ask, untilAsked, answer } = await stalled();
    const first = Array.from({ length: maxInAll }, (_, at) => ask(`client ${at}`.replace(' ', '-')));
    await untilAsked(maxInAll);
    expect(await ask('late')).toBe('503 TOO_MANY_CONNECTIONS');
    answer();
    await Promise.all(first);
    expect(await ask('late')).toBe('200 OK');
  });
});

describe('one request', () => {
  /** A ledger that seems to have endless rows, none of which matches. */
  async function endless(): Promise<void> {
    let place = 0;
    const page = () => {
      const next = {
        registry: 'registry.example.com:5000',
        repository: 'a',
        tag: `t${place}`,
        updatedAt: place,
      };
      place += 1;
      return Promise.resolve({ tags: [], repositories: [], next, looked: 1_000 });
    };
    const bounds = { epoch: 'e', floor: 0, head: 1 };
    const list = { tags: 1_000_000, moved: 1, listed: null };
    const lists = (names: readonly unknown[]) => Promise.resolve({ lists: names.map(() => list), bounds });
    const endless = { listTags: page, tagsAt: page, tagNames: page, lists };
    server = await indexServer({ ledger: { ...ledger, ...endless }, clock: ledger.clock });
  }

  it('reads 50,000 rows at most; its page may be empty, and still have a next', async () => {
    await endless();
    const first = (await server.inject('/v1/tags')).json();
    expect([first.tags, typeof first.next]).toEqual([[], 'string']);
    const second = (await server.inject(`/v1/tags?cursor=${first.next}`)).json();
    expect(second.next).not.toBe(first.next);
  });

  it.each(['/v1/tags?repository=a&sort=semver', `/v1/tags?digest=sha256:${'a'.repeat(64)}&sort=updated`])(
    'refuses to sort more than it may read: %s',
    async (url) => {
      await endless();
      const { errors } = (await server.inject(url)).json();
      expect(errors[0]).toMatchObject({ code: 'PARAMETER_INVALID', detail: { parameter: 'sort' } });
      expect(errors[0].message).toMatch(/more than 50000 tags would have to be read/);
    },
  );

  it('says of a range over more than it may read that it does not know the newest', async () => {
    await endless();
    const { images } = (await server.inject('/v1/check?image=a:1&range=^1&image=b:1')).json();
    expect(images[0]).toMatchObject({ newest: null, certain: false, reason: 'too-many-rows' });
    expect(images).toHaveLength(2);
  });
});
