/** Constructs what decides who may come in: tokens, limits, hosts and origins. */
import { type Admission, createAdmission } from '../access/admission.ts';
import { type Authorise, createAuthoriser } from '../access/authoriser.ts';
import { ConnectionLimits } from '../access/connection-limits.ts';
import { socketRoom } from '../access/descriptors.ts';
import { type HostCheck, hostCheckOf } from '../access/host-check.ts';
import { knownRegistries } from '../access/known-registries.ts';
import { Origins } from '../access/origins.ts';
import { RefusalLog } from '../access/refusal-log.ts';
import { isLoopback } from '../config/settings/values.ts';
import type { Config } from '../config/shape.ts';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { Metrics } from '../lib/metrics.ts';

interface AccessParts {
  readonly config: Config;
  /** Gives the latest `since` that is not in the future, ms since the epoch. */
  readonly newest: { latest(): number };
  /** Open files that this process may have; undefined: the kernel's limit. */
  readonly openFiles: number | undefined;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly log: Log;
}

interface Access {
  readonly authorise: Authorise;
  readonly admission: Admission;
  readonly checkHost: HostCheck;
  readonly origins: Origins;
  readonly refusalLog: RefusalLog;
  /** Whether the gateway may hear of a registry. */
  readonly knowsRegistry: (host: string) => boolean;
  /** How many sockets there may be. */
  readonly room: ReturnType<typeof socketRoom>;
}

export function openAccess({ config, newest, openFiles, ...common }: AccessParts): Access {
  const { access, cors, defaultRegistry, limits, listen, pace, registries, webhooks } = config;
  const { clock, log } = common;
  const authorise = createAuthoriser({
    ...{ access, defaultRegistry, allowNone: pace.allowNone },
    openIsAdmin: isLoopback(listen.host),
  });
  const room = socketRoom(limits, log, openFiles);
  const refusalLog = new RefusalLog(log, clock);
  const origins = new Origins(cors.origins);
  const checkHost = hostCheckOf(config);
  const knowsRegistry = knownRegistries(registries, webhooks, log);
  const admission = createAdmission({
    ...{ ...common, access, authorise, checkHost, newest, origins, refusalLog, knowsRegistry },
    limits: new ConnectionLimits({ ...limits, connections: room.subscribers, clock }),
  });
  return { authorise, admission, checkHost, origins, refusalLog, knowsRegistry, room };
}
