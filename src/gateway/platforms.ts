/** What is learned about manifests beside their digests: platforms of changes, and manifests to keep. */
import type { Config } from '../config/shape.ts';
import type { CountOutcomes } from '../ledger/counters.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { Metrics } from '../lib/metrics.ts';
import type { FetchOnce } from '../source/platforms/fetch-once.ts';
import { ManifestKeeper } from '../source/platforms/keeper.ts';
import { KnownManifests, type ManifestSource } from '../source/platforms/manifests.ts';
import { recordingWith } from '../source/platforms/recording.ts';
import { Turns } from '../source/platforms/turns.ts';
import { wantedOf } from '../source/platforms/wanted.ts';

interface PlatformParts {
  readonly config: Config;
  readonly ledger: Ledger;
  readonly registries: ManifestSource;
  readonly once: FetchOnce;
  readonly countOutcomes: CountOutcomes;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly log: Log;
}

/** The ledger's `record` as all sources use it, and what runs beside them. */
export function learnPlatforms({ config, ledger, registries, once, ...common }: PlatformParts) {
  const { platforms, manifests: kept } = wantedOf(config);
  const manifests = new KnownManifests(ledger.manifests, registries, once);
  const keeper = new ManifestKeeper({ ...common, wanted: kept, manifests });
  const record = recordingWith({
    ...{ ledger, platforms },
    onWaiting: () => turns.wake(),
    onChanges: (changes) => keeper.take(changes),
  });
  const { timeoutMs } = config.platforms;
  const turns = new Turns({ ...common, ledger, record, manifests, timeoutMs });
  return { record, turns, keeper };
}
