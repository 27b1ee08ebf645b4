/** Holds what chaos left to what was promised. */

import { checkHistory, checkPositions } from '../../support/history-check.ts';
import { headOf, readLog, sequenceOf, stateOf } from '../../support/read-ledger.ts';
import type { WireChange } from '../../support/stream-client.ts';
import { until } from '../../support/until.ts';
import type { Act } from './acts.ts';
import { handovers } from './doors.ts';
import { acknowledgedAt, type Push } from './pusher.ts';
import { pushedName, pushedRegistry } from './senders.ts';
import type { ChaosSubscriber } from './subscriber.ts';
import { type ChaosWorld, pollIntervalMs } from './world.ts';

export interface Played {
  readonly act: Act;
  /** ms since the epoch */
  readonly from: number;
  readonly to: number;
  /** Monotonic ms. */
  readonly overAt: number;
}

/** How long after an act its effects on who polls may still show: the longest lease, ms. */
const leaseMs = 15_000;
const settleTimeoutMs = 60_000;

/** Waits until everybody stands at the head; resolves with who does not. */
export async function allAtHead({ subscribers, cluster }: ChaosWorld): Promise<ChaosSubscriber[]> {
  const head = await headOf(cluster.at(0).port);
  const behind = () => subscribers.filter(({ standsAt }) => standsAt !== head);
  await until('all to be at the head', () => behind().length === 0, settleTimeoutMs).catch(() => {});
  return behind();
}

/** Waits until the ledger has what the polled registry has; resolves with what differs. */
export async function judgeMoved({ mover, cluster }: ChaosWorld): Promise<string[]> {
  const truth = mover.truth();
  let found = new Map<string, string | null>();
  const wrong = () => [...truth].filter(([name, digest]) => found.get(`${name}:latest`) !== digest);
  await until(
    'the ledger to have what the registry has',
    async () => {
      found = await stateOf(cluster.at(0).port, [...truth.keys()]);
      return wrong().length === 0;
    },
    settleTimeoutMs,
  ).catch(() => {});
  return wrong().map(
    ([name, digest]) => `${name}: ledger has ${found.get(`${name}:latest`)}, registry has ${digest}`,
  );
}

export async function judge(
  world: ChaosWorld,
  played: readonly Played[],
  behind: readonly ChaosSubscriber[],
  isReplicated: boolean,
): Promise<string[]> {
  const { subscribers, pusher, cluster } = world;
  const logs = await Promise.all(cluster.gateways.map(({ port }) => readLog(port)));
  const log = logs[0] ?? [];
  const state = await stateOf(cluster.at(0).port, [`${pushedRegistry}/${pushedName}`]);
  return [
    ...subscribers.flatMap(({ violations }) => violations),
    ...behind.map(({ name, standsAt }) => `${name} stands at ${standsAt}: must be at the head`),
    ...subscribers.flatMap((one) => missed(one, pusher.acknowledged, log)),
    ...judgeLogs(world, logs),
    ...judgePushes(pusher.pushes, log, state, lostUntil(played, isReplicated)),
    ...(await judgeFiltered(world, log)),
    ...judgePolls(world, played),
  ];
}

/** The end of the last act that may have lost what was acknowledged, monotonic ms. */
function lostUntil(played: readonly Played[], isReplicated: boolean): number {
  const losing = played.filter(
    ({ act: { loses } }) => loses === 'all' || (loses === 'unreplicated' && !isReplicated),
  );
  return losing.at(-1)?.overAt ?? -Infinity;
}

/** @param lost what was sent up to then may be lost, monotonic ms */
export function judgePushes(
  pushes: readonly Push[],
  log: readonly WireChange[],
  state: ReadonlyMap<string, string | null>,
  lost = -Infinity,
): string[] {
  const changes = log
    .filter(({ registry, repository }) => registry === pushedRegistry && repository === pushedName)
    .map((change) => ({ ...change, tag: change.tag ?? '', sequence: sequenceOf(change) }));
  const prefix = `${pushedRegistry}/${pushedName}:`;
  const byTag = new Map([...state].map(([name, digest]) => [name.slice(prefix.length), digest]));
  return checkHistory({ pushes, changes, state: byTag, lostUntil: lost });
}

/**
 * What was acknowledged and not seen, though no reset spoke of it: one tells of all before its position, and of what
 * the ledger lost until then. A push that is not in the ledger because another overtook it need not be seen.
 */
function missed(one: ChaosSubscriber, acknowledged: readonly Push[], log: readonly WireChange[]): string[] {
  const sequences = new Map(log.map((change) => [change.digest, sequenceOf(change)]));
  const { atMs, sequence: resetTo } = one.lastReset;
  const silent = acknowledged.filter((push) => {
    const sequence = sequences.get(push.digest);
    if (sequence === undefined && push.isContended) return false;
    const isTold = sequence === undefined ? (acknowledgedAt(push) ?? 0) <= atMs : sequence <= resetTo;
    return !one.saw.has(push.number) && !isTold;
  });
  if (silent.length === 0) return [];
  return [
    `${one.name} missed ${silent.length} pushes, the first is ${silent[0]?.number}, and was told nothing`,
  ];
}

/** Every gateway has the same ledger, it is dense, and its changes are those that subscribers were told. */
function judgeLogs({ record }: ChaosWorld, logs: readonly (readonly WireChange[])[]): string[] {
  const [first = [], ...others] = logs;
  const differing = others.filter((log) => JSON.stringify(log) !== JSON.stringify(first));
  return [
    ...checkPositions(first.map(sequenceOf)),
    ...differing.map(() => 'two gateways tell different ledgers'),
    ...first.flatMap((change) => record.see(change) ?? []),
  ];
}

/** What a gateway answers to a filter is what the ledger has that fits it. */
async function judgeFiltered({ cluster }: ChaosWorld, log: readonly WireChange[]): Promise<string[]> {
  const violations: string[] = [];
  const middle = log[Math.floor(log.length / 2)];
  if (middle === undefined) return violations;
  for (const [number, { port }] of cluster.gateways.entries()) {
    const tag = `shared-${number}`;
    const filter = `&repository=${pushedRegistry}/${pushedName}&tag=${tag}`;
    const answered = await readLog(port, middle.position, filter);
    const fitting = log.filter(
      (change) =>
        sequenceOf(change) > sequenceOf(middle) && change.tag === tag && change.registry === pushedRegistry,
    );
    if (JSON.stringify(answered) !== JSON.stringify(fitting))
      violations.push(
        `gateway ${number} answers with ${answered.length} changes of ${tag}: must be ${fitting.length}`,
      );
  }
  return violations;
}

/** Nobody polls what another one has just polled, but where leases were lost, or a webhook asked for a look. */
function judgePolls({ doors }: ChaosWorld, played: readonly Played[]): string[] {
  const isExcused = (at: number) =>
    played.some(({ act, from, to }) => act.losesLeases && at >= from && at <= to + leaseMs);
  return handovers(doors.log.filter(({ repository }) => repository.startsWith('watched/')))
    .filter(({ gapMs, at }) => gapMs < pollIntervalMs / 2 && !isExcused(at))
    .map(({ repository, from, to, gapMs }) => `${repository}: gateway ${to} ${gapMs} ms after ${from}`);
}
