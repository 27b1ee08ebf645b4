import type { Server } from 'node:http';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { Metrics } from '../lib/metrics.ts';

const minuteMs = 60_000;

/** Bounds the sockets of `server`. The connections that this closes are counted, and logged once a minute. */
export function boundSockets(
  server: Server,
  maxSockets: number,
  { clock, log, metrics }: { readonly clock: Clock; readonly log: Log; readonly metrics: Metrics },
): void {
  const dropped = metrics.counter(
    'sockets_dropped_total',
    'Connections closed at once because there were too many',
  );
  let loggedAt = Number.NEGATIVE_INFINITY;
  let since = 0;
  server.maxConnections = maxSockets;
  server.on('drop', () => {
    dropped.inc();
    since++;
    if (clock.monotonic() - loggedAt < minuteMs) return;
    loggedAt = clock.monotonic();
    log.warn(
      { dropped: since },
      `accept connection: ${maxSockets} are open: closed at once: a client may hold many idle ones, or limits.connections is too low`,
    );
    since = 0;
  });
}
