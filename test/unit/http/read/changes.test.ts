import { describe, expect, it } from 'vitest';
import { type FilterInput, parseFilter } from '../../../../src/event/filter.ts';
import { readChanges } from '../../../../src/http/read/changes.ts';
import type { HistoryQuery } from '../../../../src/ledger/queries.ts';
import { OneATurn } from '../../../../src/lib/one-a-turn.ts';
import { Reading } from '../../../../src/reading/reading.ts';
import { openAskedLedger } from '../../../support/asked-ledger.ts';
import { manifestSeen, tagSeen, where } from '../../../support/ledger-samples.ts';

const grant = {
  ...{ name: 'g', key: 'g', owner: null, admin: false, metrics: false, unpaced: false },
  ...{ patterns: ['**'], allows: () => true },
};
const repository = [`${where.registry}/${where.repository}`];

function filterOf(input: FilterInput) {
  return parseFilter(input, { defaultRegistry: 'docker.io', maxRepositories: 10 });
}

const reading = () => new Reading({ grant, turns: new OneATurn(), isGone: () => false });

describe('readChanges', () => {
  it.each<[FilterInput, Partial<HistoryQuery>]>([
    [{ repository, tag: ['1.0'] }, { of: { ...where, tag: '1.0' } }],
    [{ repository, tag: ['1.*'] }, { of: where }],
    [{ repository, tag: ['1.0', '1.1'] }, { of: where }],
    [{ repository, tag: ['semver:^1'] }, { of: where }],
    [
      { repository, type: ['manifest.*'] },
      { of: where, types: ['manifest.pushed', 'manifest.deleted'] },
    ],
    [{ repository: ['ghcr.io/**'] }, {}],
    [{ repository: [...repository, 'nginx'] }, {}],
  ])('has the ledger select what it can: %j', async (input, narrowed) => {
    const ledger = await openAskedLedger();
    const asked: HistoryQuery[] = [];
    const history = (query: HistoryQuery) => {
      asked.push(query);
      return ledger.history(query);
    };
    await readChanges({ history }, reading(), { filter: filterOf(input), before: undefined, n: 7 });
    const types = ['tag.created', 'tag.updated', 'tag.deleted'];
    expect(asked).toEqual([{ types, ...narrowed, limit: 7 }]);
  });

  it('finds the changes of untagged digests only where they are asked for', async () => {
    const ledger = await openAskedLedger();
    await ledger.record([tagSeen('1.0', 'a', 0), manifestSeen('b', 1)]);
    const of = async (input: FilterInput) => {
      const request = { filter: filterOf(input), before: undefined, n: 10 };
      return (await readChanges(ledger, reading(), request)).changes.map(({ type }) => type);
    };
    expect(await of({})).toEqual(['tag.created']);
    expect(await of({ type: ['*'] })).toEqual(['manifest.pushed', 'tag.created']);
  });

  it('ends at the floor, and says where that is', async () => {
    const ledger = await openAskedLedger({}, 2);
    for (const [at, word] of ['a', 'b', 'c', 'd'].entries()) await ledger.record([tagSeen('1.0', word, at)]);
    await ledger.trim();
    const request = { filter: filterOf({}), before: undefined, n: 10 };
    const { changes, next, bounds } = await readChanges(ledger, reading(), request);
    expect([changes.map(({ sequence }) => sequence), next, bounds.floor]).toEqual([[4, 3], null, 2]);
    const below = { ...request, before: { epoch: bounds.epoch, sequence: 1 } };
    expect((await readChanges(ledger, reading(), below)).changes).toEqual([]);
  });

  it('does not join the histories of two epochs', async () => {
    const ledger = await openAskedLedger({ maxRowsLookedAt: 1 });
    await ledger.record([tagSeen('1.0', 'a', 0), tagSeen('1.1', 'b', 1), tagSeen('1.2', 'c', 2)]);
    let pages = 0;
    const history = async (query: HistoryQuery) => {
      const page = await ledger.history(query);
      pages += 1;
      return pages === 1 ? page : { ...page, bounds: { ...page.bounds, epoch: 'another1' } };
    };
    const request = { filter: filterOf({}), before: undefined, n: 10 };
    await expect(readChanges({ history }, reading(), request)).rejects.toMatchObject({
      ...{ code: 'POSITION_GONE', detail: { reason: 'epoch' } },
    });
  });
});
