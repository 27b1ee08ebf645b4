/** Judges a status: what an operator should know, why, and what to do. Pure. */
import { plainHttpText } from '../lib/plain-http.ts';
import type { HookReport, RegistryReport, StatusReport, Warning } from './report.ts';
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
      ...facts.registries.flatMap((each) => [...registryTroubles(each), ...absences(each)]),
      ...facts.hooks.flatMap((hook) => hookTroubles(hook, facts)),
      ...targets.flatMap((target) => targetTroubles(target, facts.now)),
    ]),
    ...of('info', [...intentions(facts), ...targets.flatMap(targetIntentions)]),
  ];
}

/** Whether a registry has a warning. */
export function isRegistryInTrouble(registry: RegistryReport): boolean {
  return registry.state !== 'ok' || registry.absent !== null;
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

function registryTroubles({ registry, state, leftAloneUntil, lastFailure }: RegistryReport): Found[] {
  if (state === 'ok') return [];
  const until = leftAloneUntil === null ? '' : ` until ${leftAloneUntil}`;
  const reason = lastFailure === null ? '' : `: ${lastFailure.reason}`;
  if (state === 'throttled') {
    return [
      {
        ...{ code: 'registry-throttles', about: registry },
        cause: `The registry asked for fewer requests${until === '' ? '' : `, and gets none${until}`}${reason}.`,
        remedy: 'Poll it less often, or give it credentials with a larger quota.',
        ...{ setting: 'registries[].poll.requestsPerSecond', docs: what },
      },
    ];
  }
  const isFailing = state === 'failing';
  const isPlain = reason.includes(plainHttpText);
  return [
    {
      ...{ code: isFailing ? 'registry-fails' : 'registry-left-alone', about: registry },
      cause: isFailing
        ? `The registry failed at least twice in a row${reason}.`
        : `The registry failed repeatedly and is left alone${until}${reason}.`,
      remedy: isPlain
        ? 'Set plainHttp: true for it, with http:// in its endpoint if it has one, or have it speak TLS.'
        : 'See that it answers from here, and that its address is right.',
      ...{ setting: isPlain ? 'registries[].plainHttp' : 'registries[].endpoint', docs: what },
    },
  ];
}

function absences({ registry, absent }: RegistryReport): Found[] {
  if (absent === null) return [];
  const { count, repository } = absent;
  const which = count === 1 ? repository : `${repository} and ${count - 1} more`;
  return [
    {
      ...{ code: 'registry-lacks-watched', about: registry },
      cause: `The registry does not have what is watched there: ${which}.`,
      remedy: 'Correct the name or the tags, or give the registry credentials that may see it.',
      ...{ setting: 'watch', docs: what },
    },
  ];
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
