/** Constructs the endpoints that answer from the index and the log. */
import type { Config } from '../config/shape.ts';
import type { Endpoint } from '../http/endpoint.ts';
import { getChanges } from '../http/endpoints/changes.ts';
import { getCheck, postCheck } from '../http/endpoints/check.ts';
import { getRepositories } from '../http/endpoints/repositories.ts';
import { getTags } from '../http/endpoints/tags.ts';
import type { CheckParts } from '../http/read/check/check.ts';
import { Reads, type ReadsOptions } from '../http/read/reads.ts';
import type { LedgerQueries } from '../ledger/queries.ts';
import type { Clock } from '../lib/clock.ts';

interface IndexApiOptions {
  readonly config: Config;
  readonly ledger: LedgerQueries;
  readonly admission: ReadsOptions['admission'];
  /** Asks registries for tags that nobody asked for before; null: that is not allowed. */
  readonly lookUps: CheckParts['lookUps'];
  readonly clock: Clock;
}

export function indexEndpoints({ config, ledger, admission, lookUps, clock }: IndexApiOptions): Endpoint[] {
  const limits = { ...config.limits, defaultRegistry: config.defaultRegistry };
  const reads = new Reads({ ledger, admission, limits });
  const now = () => clock.now();
  const parts = { ledger, lookUps, now };
  return [
    getTags(reads),
    getChanges(reads),
    getRepositories(reads, now),
    getCheck(reads, parts),
    postCheck(reads, parts),
  ];
}
