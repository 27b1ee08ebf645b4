import type { Change } from '../../event/change.ts';
import type { Observation } from '../../event/observation.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import type { Wanted } from './wanted.ts';

interface RecordingOptions {
  readonly ledger: Pick<Ledger, 'record'>;
  /** Of which tags the platforms are asked for. */
  readonly platforms: Wanted;
  /** Something waits for its turn. */
  readonly onWaiting: () => void;
  /** What was recorded here. */
  readonly onChanges: (changes: readonly Change[]) => void;
}

/** The ledger's `record` for all sources: it asks for platforms where the settings say so. */
export function recordingWith({
  ledger,
  platforms,
  onWaiting,
  onChanges,
}: RecordingOptions): Ledger['record'] {
  const asking = (observation: Observation): Observation => {
    if (observation.kind !== 'tag' || observation.waited === true) return observation;
    const { registry, repository, tag } = observation;
    return platforms.of(registry, repository, tag) ? { ...observation, awaits: 'platforms' } : observation;
  };
  return async (observations, settles) => {
    const asked = platforms.isAny ? observations.map(asking) : observations;
    const recorded = await ledger.record(asked, settles);
    if (recorded.outcomes.includes('waiting')) onWaiting();
    if (recorded.changes.length > 0) onChanges(recorded.changes);
    return recorded;
  };
}
