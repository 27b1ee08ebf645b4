import type { Observation } from '../../event/observation.ts';
import type { CountOutcomes } from '../../ledger/counters.ts';
import type { Ledger } from '../../ledger/ledger.ts';

/** A tag that the ledger knows; a null digest is still unknown. */
interface KnownTag {
  readonly tag: string;
  readonly digest: string | null;
}

/** The part of the ledger that the poller sees. */
export interface LedgerView {
  /** Records observations; resolves with the changes, made or waiting. If it rejects, the look is repeated. */
  observe(observations: readonly Observation[]): Promise<number>;
  knownTags(registry: string, repository: string): AsyncIterable<KnownTag>;
  /** Scopes that have been looked at completely. */
  baselines(registry: string, repository: string): Promise<readonly string[]>;
  /** Calls back each time that the ledger lost its continuity. Returns a function that ends this. */
  onReset(lost: () => void): () => void;
}

const pageSize = 1_000;

/** What the poller sees of a ledger, and counts as observed. @param record the ledger's, as all sources use it */
export function viewLedger(
  ledger: Pick<Ledger, 'listTags' | 'baselines' | 'tail'>,
  record: Ledger['record'],
  countOutcomes: CountOutcomes,
): LedgerView {
  return {
    async observe(observations) {
      const { outcomes, changes } = await record(observations);
      countOutcomes('poll', outcomes);
      // One that waits for its platforms is a change of the repository too.
      return changes.length + outcomes.filter((outcome) => outcome === 'waiting').length;
    },
    async *knownTags(registry, repository) {
      const query = { within: { repositories: [`${registry}/${repository}`] }, limit: pageSize };
      let page = await ledger.listTags(query);
      yield* page.tags;
      while (page.next !== null) {
        page = await ledger.listTags({ ...query, after: page.next });
        yield* page.tags;
      }
    },
    baselines: (registry, repository) => ledger.baselines(registry, repository),
    onReset: (lost) =>
      ledger.tail((event) => {
        if (event.kind === 'reset') lost();
      }),
  };
}
