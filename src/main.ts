#!/usr/bin/env node
/** The process: Node's version and signals first, then everything else. `gateway.ts` assembles the gateway. */
import { nodeFault } from './cli/node-version.ts';
import { StopSignals } from './cli/stop-signals.ts';

const fault = nodeFault(process.versions.node);
if (fault === null) {
  const signals = new StopSignals(process);
  // Loaded only now: it takes a good part of a second, in which PID 1 would miss a signal.
  const { runProcess } = await import('./cli/process.ts');
  process.exitCode = await runProcess(signals);
} else {
  process.stderr.write(`${fault}\n`);
  process.exitCode = 1;
}
