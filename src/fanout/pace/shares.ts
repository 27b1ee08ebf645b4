/**
 * Three lanes spend from one budget: waves of priority repositories, waves of all others, and replays (what a
 * reconnect or a long-poll answer still owes). Were replay free, a reconnect storm would be a pull storm.
 */
export interface Lanes<Value> {
  readonly priority: Value;
  /** Waves of ordinary repositories. */
  readonly live: Value;
  /** Reconnects and long-poll answers. */
  readonly replay: Value;
}

/** What priority leaves to the others while they wait: a stream of security rebuilds must starve nobody. */
export const leftToOthers = 0.1;

/**
 * Fractions of the budget, which sum to 1 when any lane is busy; idle lanes get 0. Priority takes all but
 * `leftToOthers`; live and replay halve what remains.
 */
export function shares(busy: Lanes<boolean>): Lanes<number> {
  const others = Number(busy.live) + Number(busy.replay);
  const priority = busy.priority ? (others === 0 ? 1 : 1 - leftToOthers) : 0;
  const each = others === 0 ? 0 : (busy.priority ? leftToOthers : 1) / others;
  return { priority, live: busy.live ? each : 0, replay: busy.replay ? each : 0 };
}
