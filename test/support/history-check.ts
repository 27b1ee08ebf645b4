/**
 * Checks what several writers did to the same tags against what the ledger made of it, like a linearizability
 * checker. The ledger's own order is the witness: the pushes must be able to count in that order, given when each
 * was sent and acknowledged. Pure.
 *
 * A tag is a register. A push writes its digest, with these exceptions:
 * - It changes nothing if the tag is at its digest already.
 * - It changes nothing if its key (`once`) has counted before.
 * - It is late if the tag's newest sender's time is of the same origin and later than its own.
 */

/** One sending of a push. Times are monotonic ms of one clock. */
export interface Attempt {
  readonly sentAt: number;
  /** When the 2xx came. Null if it did not: the push may then count at any later time, or never. */
  acknowledgedAt: number | null;
}

export interface HistoryPush {
  readonly name: string;
  readonly tag: string;
  /** No other push has it. */
  readonly digest: string;
  /** The ledger's name for its sender. */
  readonly origin: string;
  /** The sender's own time, ms; null if it gave none. */
  readonly saidAt: number | null;
  /** Whether it carries a key that marks its repetitions. */
  readonly once: boolean;
  /** In the order of sending. Only the last one can have been acknowledged. */
  readonly attempts: readonly Attempt[];
}

/** A change as the ledger has it. */
export interface HistoryChange {
  readonly sequence: number;
  readonly tag: string;
  readonly digest: string | null;
  readonly previousDigest: string | null;
}

export interface History {
  readonly pushes: readonly HistoryPush[];
  /** All changes of the tags that were pushed to, in the ledger's order. */
  readonly changes: readonly HistoryChange[];
  /** What each tag points at in the end. */
  readonly state: ReadonlyMap<string, string | null>;
  /** The ledger may have lost what it stored up to this time, monotonic ms. Default: never. */
  readonly lostUntil?: number;
}

/** @returns one sentence for each broken promise */
export function checkHistory({ pushes, changes, state, lostUntil = -Infinity }: History): string[] {
  const changesOf = groupBy(changes, ({ tag }) => tag);
  const pushesOf = groupBy(pushes, ({ tag }) => tag);
  const tags = new Set([...changesOf.keys(), ...pushesOf.keys(), ...state.keys()]);
  return [...tags].flatMap((tag) => {
    const mine = changesOf.get(tag) ?? [];
    const end = mine.at(-1)?.digest ?? null;
    const found = state.get(tag) ?? null;
    const wrongEnd = found === end ? [] : [`${tag} ends at ${found}, its last change says ${end}`];
    return [...checkTag(tag, pushesOf.get(tag) ?? [], mine, lostUntil), ...wrongEnd];
  });
}

/** Checks that positions are 1, 2, 3, …: none is missing, and none is used twice. */
export function checkPositions(sequences: readonly number[], first = 1): string[] {
  const wrong = sequences.findIndex((sequence, at) => sequence !== first + at);
  if (wrong < 0) return [];
  const before = wrong === 0 ? 'the beginning' : String(sequences[wrong - 1]);
  return [`position ${sequences[wrong]} follows ${before}: must be ${first + wrong}`];
}

/** A change with the push that made it, and the times between which it can have counted. */
interface Step {
  readonly change: HistoryChange;
  readonly push: HistoryPush;
  notBefore: number;
  notAfter: number;
}

function checkTag(
  tag: string,
  pushes: readonly HistoryPush[],
  changes: readonly HistoryChange[],
  lostUntil: number,
): string[] {
  const byDigest = new Map(pushes.map((push) => [push.digest, push]));
  const violations = checkChain(tag, changes);
  const steps: Step[] = [];
  const counts = new Map<HistoryPush, number>();
  for (const change of changes) {
    const push = change.digest === null ? undefined : byDigest.get(change.digest);
    if (push === undefined) {
      violations.push(`${tag}: nobody pushed what change ${change.sequence} says, ${change.digest}`);
      continue;
    }
    const count = (counts.get(push) ?? 0) + 1;
    counts.set(push, count);
    const most = push.once ? 1 : push.attempts.length;
    if (count > most) violations.push(`${tag}: ${push.name} counted ${count} times: must be at most ${most}`);
    steps.push({ change, push, ...intervalOf(push, count) });
  }
  return [
    ...violations,
    ...checkOrder(tag, steps),
    ...checkLateness(tag, steps),
    ...checkVisible(tag, pushes, steps, lostUntil),
  ];
}

/** If a push was sent more than once, any of the sendings may have counted. */
function intervalOf({ attempts }: HistoryPush, count: number) {
  const [only] = attempts.length === 1 ? attempts : [];
  return {
    notBefore: attempts[Math.min(count, attempts.length) - 1]?.sentAt ?? Infinity,
    notAfter: only?.acknowledgedAt ?? Infinity,
  };
}

function checkChain(tag: string, changes: readonly HistoryChange[]): string[] {
  const violations: string[] = [];
  let before: string | null = null;
  for (const { sequence, digest, previousDigest } of changes) {
    if (previousDigest !== before)
      violations.push(`${tag}: change ${sequence} replaces ${previousDigest}, but the tag was at ${before}`);
    if (digest === before) violations.push(`${tag}: change ${sequence} changes nothing`);
    before = digest;
  }
  return violations;
}

/** Narrows the times to those that the order allows, and reports the first change that has none left. */
function checkOrder(tag: string, steps: readonly Step[]): string[] {
  let earliest = -Infinity;
  for (const step of steps) {
    earliest = Math.max(earliest, step.notBefore);
    step.notBefore = earliest;
  }
  let latest = Infinity;
  for (const step of steps.toReversed()) {
    latest = Math.min(latest, step.notAfter);
    step.notAfter = latest;
  }
  const impossible = steps.find(({ notBefore, notAfter }) => notBefore > notAfter);
  if (impossible === undefined) return [];
  const { change, push } = impossible;
  return [
    `${tag}: change ${change.sequence} (${push.name}) is out of order: a push counted before it was sent, or after its acknowledgement`,
  ];
}

/** The newest sender's time of a tag. */
type Said = { readonly at: number; readonly by: string } | null;

const isLate = ({ saidAt, origin }: HistoryPush, said: Said) =>
  saidAt !== null && said !== null && said.by === origin && said.at > saidAt;

const saidAfter = ({ saidAt, origin }: HistoryPush, said: Said): Said =>
  saidAt === null ? said : { at: saidAt, by: origin };

function checkLateness(tag: string, steps: readonly Step[]): string[] {
  const violations: string[] = [];
  let said: Said = null;
  for (const { change, push } of steps) {
    if (isLate(push, said)) violations.push(`${tag}: change ${change.sequence} (${push.name}) flips it back`);
    said = saidAfter(push, said);
  }
  return violations;
}

/** Each push that was acknowledged, and not lost since, made a change or was excused at some possible time. */
function checkVisible(
  tag: string,
  pushes: readonly HistoryPush[],
  steps: readonly Step[],
  lostUntil: number,
): string[] {
  const violations: string[] = [];
  for (const push of pushes) {
    const last = push.attempts.at(-1);
    const until = last?.acknowledgedAt ?? null;
    // A push sent before the loss may also have been stored before it, however late the answer came.
    if (last === undefined || until === null || last.sentAt <= lostUntil) continue;
    if (!hasPlace(push, { sentAt: last.sentAt, until }, steps))
      violations.push(`${tag}: ${push.name} was acknowledged, is not visible and was not overtaken`);
  }
  return violations;
}

interface Within {
  readonly sentAt: number;
  readonly until: number;
}

function hasPlace(push: HistoryPush, { sentAt, until }: Within, steps: readonly Step[]): boolean {
  let said: Said = null;
  let hasCounted = false;
  for (let at = 0; at <= steps.length; at++) {
    const before = steps[at - 1];
    const after = steps[at];
    const from = Math.max(sentAt, before?.notBefore ?? -Infinity);
    const isNow = from <= Math.min(until, after?.notAfter ?? Infinity);
    const isExcused = before?.push === push || isLate(push, said) || (push.once && hasCounted);
    if (isNow && isExcused) return true;
    if (after === undefined) return false;
    if (after.push === push) {
      if (Math.max(sentAt, after.notBefore) <= Math.min(until, after.notAfter)) return true;
      hasCounted = true;
    }
    said = saidAfter(after.push, said);
  }
  return false;
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [item]);
    else group.push(item);
  }
  return groups;
}
