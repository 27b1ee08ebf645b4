/** Constructs the endpoints that answer from the index and the log. */
import type { Config } from '../config/shape.ts';
import type { Endpoint } from '../http/endpoint.ts';
import { getChanges } from '../http/endpoints/changes.ts';
import { getCheck, postCheck } from '../http/endpoints/check.ts';
import { getDiff } from '../http/endpoints/diff.ts';
import { getFeedAtom } from '../http/endpoints/feed-atom.ts';
import { getFeedJson } from '../http/endpoints/feed-json.ts';
import { getFeedRss } from '../http/endpoints/feed-rss.ts';
import { getOrphans } from '../http/endpoints/orphans.ts';
import { getRepositories } from '../http/endpoints/repositories.ts';
import { getTags } from '../http/endpoints/tags.ts';
import type { CheckParts } from '../http/read/check/check.ts';
import { VersionLists } from '../http/read/check/version-lists.ts';
import type { Presences } from '../http/read/orphans.ts';
import { Reads, type ReadsOptions } from '../http/read/reads.ts';
import type { LedgerQueries } from '../ledger/queries.ts';
import type { Clock } from '../lib/clock.ts';
import type { Readers } from '../reading/readers.ts';

interface IndexApiOptions {
  readonly config: Config;
  readonly ledger: LedgerQueries;
  readonly admission: ReadsOptions['admission'];
  readonly readers: Readers;
  /** Asks registries for tags that nobody asked for before; null: that is not allowed. */
  readonly lookUps: CheckParts['lookUps'];
  /** Asks registries for digests; null: that is not allowed. */
  readonly presences: Presences | null;
  readonly clock: Clock;
}

export function indexEndpoints(options: IndexApiOptions): Endpoint[] {
  const { config, ledger, admission, readers, lookUps, presences, clock } = options;
  const limits = { ...config.limits, defaultRegistry: config.defaultRegistry };
  const reads = new Reads({ ledger, admission, limits, readers });
  const now = () => clock.now();
  const parts = { ledger, lookUps, now, versionLists: new VersionLists() };
  return [
    getTags(reads),
    getChanges(reads),
    getRepositories(reads, now),
    getDiff(reads, now),
    getOrphans(reads, { presences, monotonic: () => clock.monotonic() }),
    getCheck(reads, parts),
    postCheck(reads, parts),
    getFeedAtom(reads),
    getFeedRss(reads),
    getFeedJson(reads),
  ];
}
