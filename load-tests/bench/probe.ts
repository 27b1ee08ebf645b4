/**
 * Loaded into every server with `node --import`, so that stalls are measured from within and in the same way. Its
 * timer runs only while someone watches, because it would show in the idle CPU.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { FromServer, ToServer } from './control.ts';
import { watchHolds } from './holds.ts';

const delay = monitorEventLoopDelay({ resolution: 1 });
let stopHolds: (() => Promise<number>) | null = null;

process.on('message', (message: ToServer) => {
  if (message.kind === 'collect') {
    globalThis.gc?.();
    const collected: FromServer = { kind: 'collected' };
    process.send?.(collected);
    return;
  }
  if (message.kind === 'watch-holds') {
    stopHolds = watchHolds();
    return;
  }
  if (message.kind === 'longest-hold') {
    void stopHolds?.().then((maxMs) => {
      const hold: FromServer = { kind: 'hold', maxMs };
      process.send?.(hold);
    });
    return;
  }
  if (message.kind !== 'watch-stalls') return;
  if (message.on) {
    delay.reset();
    delay.enable();
    return;
  }
  delay.disable();
  const stall: FromServer = { kind: 'stall', maxMs: delay.max / 1e6 };
  process.send?.(stall);
});
// The IPC channel must not keep a server alive.
process.channel?.unref();
