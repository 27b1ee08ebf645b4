/**
 * Three queues share one R: held-back changes of priority repositories, those of all others, and replays. If
 * replays were free, a reconnect storm would become a pull storm.
 */
interface PerQueue<Value> {
  readonly priority: Value;
  /** Changes of ordinary repositories. */
  readonly live: Value;
  /** Reconnects and long-poll answers. */
  readonly replay: Value;
}

/** What priority leaves to the others while they wait: a stream of security rebuilds must not starve them. */
export const leftToOthers = 0.1;

/** Fractions of R, in sum 1 or 0. Priority takes all but `leftToOthers`; live and replay halve what remains. */
export function shares(busy: PerQueue<boolean>): PerQueue<number> {
  const others = Number(busy.live) + Number(busy.replay);
  const priority = busy.priority ? (others === 0 ? 1 : 1 - leftToOthers) : 0;
  const each = others === 0 ? 0 : (busy.priority ? leftToOthers : 1) / others;
  return { priority, live: busy.live ? each : 0, replay: busy.replay ? each : 0 };
}
