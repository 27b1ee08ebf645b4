import { describe, expect, it } from 'vitest';
import { parseFilter } from '../../../src/event/filter.ts';
import type { Observation } from '../../../src/event/observation.ts';
import type { WireChange } from '../../../src/event/wire-change.ts';
import { openMemoryLedger } from '../../../src/ledger/memory/memory.ts';
import { indexQuestions, maxResetRepositories } from '../../../src/target/index-questions.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { digestOf } from '../../support/ledger-samples.ts';
import { wireChange } from '../../support/target-samples.ts';

const where = { registry: 'docker.io', repository: 'library/nginx', origin: 'test' };
const unknown = { mediaType: null, size: null };

async function ledgerWith(...observations: readonly Observation[]) {
  const retention = { maxChanges: 1_000, maxAgeMs: 86_400_000 };
  const ledger = await openMemoryLedger({ clock: fakeClock(), random: () => 0.5, retention });
  for (const each of observations) await ledger.record([each]);
  return ledger;
}

const tag = (name: string, content: string, more: object = {}): Observation => ({
  ...{ kind: 'tag', ...where, tag: name, digest: digestOf(content), ...unknown, ...more },
});

/** A change, as the hub brings it. */
const change = (sequence: number, given: Partial<WireChange>) =>
  wireChange({ position: `abcdefgh-${sequence}`, ...given });

describe('whether changes are current', () => {
  it('is what the index has of their tags', async () => {
    const ledger = await ledgerWith(...[tag('a', '1'), tag('a', '2'), tag('b', '3'), tag('c', '4')], {
      kind: 'tag-gone',
      ...where,
      tag: 'c',
    });
    const { areCurrent } = indexQuestions(ledger);
    const changes = [
      change(1, { tag: 'a' }),
      change(2, { tag: 'a' }),
      change(3, { tag: 'b' }),
      change(4, { tag: 'c' }),
      change(5, { tag: 'c', type: 'tag.deleted' }),
      change(6, { tag: 'forgotten' }),
      change(6, { tag: 'forgotten', type: 'tag.deleted' }),
    ];
    expect(await areCurrent(changes)).toEqual([false, true, true, false, true, false, true]);
    expect(await areCurrent([])).toEqual([]);
  });

  it('is for what has no tag whether the manifest is still there', async () => {
    const [kept, gone] = [digestOf('kept'), digestOf('gone')];
    const ledger = await ledgerWith(
      { kind: 'manifest', ...where, digest: kept, ...unknown },
      { kind: 'manifest', ...where, digest: gone, ...unknown },
      { kind: 'manifest-gone', ...where, digest: gone },
    );
    const pushed = { tag: null, type: 'manifest.pushed' } as const;
    const deleted = { tag: null, type: 'manifest.deleted', digest: null, previousDigest: gone } as const;
    const changes = [
      change(1, { ...pushed, digest: kept }),
      change(2, { ...pushed, digest: gone }),
      change(3, deleted),
      change(4, { ...pushed, digest: digestOf('never seen') }),
    ];
    expect(await indexQuestions(ledger).areCurrent(changes)).toEqual([true, false, true, false]);
  });
});

describe('the repositories of a filter', () => {
  const names = async (...repository: readonly string[]) => {
    const many = Array.from({ length: 150 }, (_, at) => tag('a', `${at}`, { repository: `many/app${at}` }));
    const ledger = await ledgerWith(tag('a', 'x'), ...many);
    const found = await indexQuestions(ledger).repositoriesOf(
      parseFilter({ repository }, { defaultRegistry: 'docker.io', maxRepositories: 10 }),
    );
    return found.map((each) => `${each.registry}/${each.repository}`);
  };

  it('are those that it names, known or not', async () => {
    expect(await names('docker.io/library/nginx', 'ghcr.io/a/b')).toEqual([
      'docker.io/library/nginx',
      'ghcr.io/a/b',
    ]);
  });

  it('are with a glob those of the index that match, and no more than a tool can be asked of', async () => {
    expect(await names('docker.io/library/*')).toEqual(['docker.io/library/nginx']);
    expect(await names('ghcr.io/team/*')).toEqual([]);
    expect(await names('docker.io/many/*', 'ghcr.io/a/b')).toHaveLength(maxResetRepositories);
    expect(await names()).toHaveLength(maxResetRepositories);
  });
});
