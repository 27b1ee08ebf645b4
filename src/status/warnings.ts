/** Judges a status: what an operator should know, why, and what to do. Pure. */
import { registryTroubles } from './registry-warnings.ts';
import type { HookReport, StatusReport, Warning } from './report.ts';
import { targetIntentions, targetTroubles } from './target-warnings.ts';

/** A status before it is judged. Registries, hooks and targets are all there. */
export type Facts = Omit<StatusReport, 'warnings' | 'moreRegistries' | 'moreHooks' | 'moreTargets'>;

type Found = Omit<Warning, 'severity' | 'about'> & Partial<Pick<Warning, 'about'>>;

const dayMs = 24 * 3_600_000;
/** Clocks of gateways and Redis rarely agree better, ms. */
const toleratedBehindMs = 5_000;
/** With less free the next large commit may not fit. */
const leastFreeBytes = 64 * 1024 * 1024;
/** Above these parts of a limit there is little time left. */
const nearlyFull = 0.9;
const fewDescriptors = 0.8;
/** A few slow readers are no trouble. */
const partBehind = 0.05;
const leastBehind = 20;

const what = 'docs/operating.md#what-should-i-look-at-when';

/** The worst first; within a severity the ledger first, then subscribers, registries, hooks, targets. */
export function warningsOf(facts: Facts): readonly Warning[] {
  const of = (severity: Warning['severity'], found: readonly Found[]): readonly Warning[] =>
    found.map((each) => ({ about: null, ...each, severity }));
  const targets = facts.targets ?? [];
  return [
    ...of('critical', [...ledgerTroubles(facts)]),
    ...of('warning', [
      ...[...spaceTroubles(facts), ...riskTroubles(facts), ...clockTroubles(facts)],
      ...subscriberTroubles(facts),
      ...facts.registries.flatMap(registryTroubles),
      ...facts.hooks.flatMap((hook) => hookTroubles(hook, facts)),
      ...targets.flatMap((target) => targetTroubles(target, facts.now)),
    ]),
    ...of('info', [...intentions(facts), ...targets.flatMap(targetIntentions)]),
  ];
}

/** Whether the hook's last delivery was refused. */
export function isHookRefused({ lastDelivery, lastRefusal }: HookReport): boolean {
  return lastRefusal !== null && (lastDelivery === null || lastRefusal.at > lastDelivery);
}

function* ledgerTroubles({ ledger }: Facts): Generator<Found> {
  const { damage, storing, why } = ledger;
  if (damage !== null) {
    yield {
      code: 'ledger-damaged',
      cause: `The ledger's file is damaged (${damage}), so nothing is stored.`,
      remedy: 'Stop the gateway and restore a backup.',
      ...{ setting: null, docs: 'docs/operating.md#restore' },
    };
  } else if (!storing) {
    yield {
      code: 'ledger-not-storing',
      cause: `The ledger does not store, so webhooks get 503: ${why ?? 'no reason is known'}.`,
      remedy: ledger.kind === 'redis' ? 'See that Redis answers.' : 'See that its disk has room.',
      ...{ setting: 'ledger', docs: what },
    };
  }
}

function* spaceTroubles({ ledger: { freeBytes, kind } }: Facts): Generator<Found> {
  if (freeBytes === null || freeBytes >= leastFreeBytes) return;
  yield {
    code: 'ledger-space-low',
    cause: `The ledger may grow by only ${Math.floor(freeBytes / 1024 / 1024)} MiB.`,
    remedy: kind === 'redis' ? "Raise Redis's maxmemory, or keep less." : 'Free the disk, or keep less.',
    ...{ setting: 'retention.maxChanges', docs: 'docs/operating.md#what-do-the-index-and-manifests-cost' },
  };
}

function* riskTroubles({ ledger: { risk } }: Facts): Generator<Found> {
  if (risk === null) return;
  yield {
    code: 'ledger-may-lose',
    cause: `${risk.cause}.`,
    remedy: `In Redis, ${risk.remedy}.`,
    ...{ setting: null, docs: 'docs/operating.md#what-must-be-set-in-redis' },
  };
}

function* clockTroubles({ ledger: { clockBehindMs } }: Facts): Generator<Found> {
  if (clockBehindMs <= toleratedBehindMs) return;
  yield {
    code: 'clock-behind',
    cause: `The clock is ${Math.round(clockBehindMs / 1_000)} s behind the newest change.`,
    remedy: 'Have NTP set the clocks of all gateways and of Redis.',
    ...{ setting: null, docs: 'docs/operating.md#clocks' },
  };
}

function* subscriberTroubles({ subscribers, descriptors }: Facts): Generator<Found> {
  const { total, limit, behind } = subscribers;
  if (total >= limit * nearlyFull) {
    yield {
      code: 'subscribers-full',
      cause: `${total} subscribers of at most ${limit} are connected; more are refused.`,
      remedy: 'Raise the limit and the number of open files, or add a gateway.',
      ...{ setting: 'limits.connections', docs: 'docs/operating.md#limits' },
    };
  }
  if (behind >= leastBehind && behind >= total * partBehind) {
    yield {
      code: 'subscribers-behind',
      cause: `${behind} of ${total} subscribers do not read as fast as changes come, or replay.`,
      remedy: 'Look at the network to them; after a restart wait until they have caught up.',
      ...{ setting: 'limits.stalledTimeout', docs: what },
    };
  }
  if (descriptors.used !== null && descriptors.limit !== null) {
    if (descriptors.used < descriptors.limit * fewDescriptors) return;
    yield {
      code: 'descriptors-low',
      cause: `${descriptors.used} of ${descriptors.limit} file descriptors are in use.`,
      remedy: 'Raise the limit of open files of the process.',
      ...{ setting: 'limits.connections', docs: 'docs/operating.md#open-files' },
    };
  }
}

function hookTroubles(hook: HookReport, { now, uptimeSeconds }: Facts): Found[] {
  const { name, lastDelivery, lastRefusal } = hook;
  if (lastRefusal !== null && isHookRefused(hook)) {
    return [
      {
        ...{ code: 'hook-refused', about: name },
        cause: `The last delivery was refused (${lastRefusal.code}): ${lastRefusal.reason}`,
        remedy:
          lastRefusal.code === 'UNAVAILABLE'
            ? 'It is not the sender: the ledger stored nothing then. The sender should try again.'
            : 'Compare the credentials and the form of the deliveries with what the sender is set to.',
        ...{ setting: 'webhooks', docs: 'docs/webhooks.md#what-came-last' },
      },
    ];
  }
  const quietMs = lastDelivery === null ? uptimeSeconds * 1_000 : Date.parse(now) - Date.parse(lastDelivery);
  if (quietMs < dayMs) return [];
  return [
    {
      ...{ code: 'hook-silent', about: name },
      cause: `Nothing came for ${Math.floor(quietMs / dayMs)} days.`,
      remedy: "See whether the registry still has the hook's URL, or remove the hook.",
      ...{ setting: 'webhooks', docs: 'docs/webhooks.md#what-came-last' },
    },
  ];
}

function* intentions({ draining, pace }: Facts): Generator<Found> {
  if (draining) {
    yield {
      code: 'draining',
      cause: 'This gateway is shutting down.',
      remedy: 'Subscribers come back to another gateway, or to this one once it runs again.',
      ...{ setting: 'drain.window', docs: 'docs/operating.md#upgrade' },
    };
  }
  if (pace.overrides > 0) {
    yield {
      code: 'pace-overridden',
      cause: `${pace.overrides} rates set by PUT /v1/pace are in force.`,
      remedy: 'They end by themselves if they have a time; GET /v1/pace lists them.',
      ...{ setting: 'pace.deliveriesPerSecond', docs: 'docs/operating.md#limits' },
    };
  }
}
