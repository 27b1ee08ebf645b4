import type { Schedule } from '../../cluster/schedule.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Random } from '../../lib/random.ts';
import type { RareLog } from '../../lib/rare-log.ts';
import type { RegistryClient } from '../../upstream/registry-client.ts';
import type { ListBounds } from './listers/lister.ts';
import type { KindLister } from './listers/listers.ts';
import type { LedgerView } from './look.ts';
import type { RegistryOptions } from './options.ts';

/** What the poller of one registry works with. */
export interface LaneDeps {
  readonly options: RegistryOptions;
  readonly client: RegistryClient;
  readonly lister: KindLister;
  readonly schedule: Schedule;
  readonly ledger: LedgerView;
  readonly bounds: ListBounds;
  readonly lingerMs: number;
  readonly maxOnDemand: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly rareLog: RareLog;
  /** Outcome of each look: `ok` or the reason of its failure. */
  readonly onLook: (outcome: string) => void;
  readonly onBadAnswer: (reason: string, by?: number) => void;
  /** A look withheld that most tags of a repository are gone. */
  readonly onMassLoss: () => void;
}
