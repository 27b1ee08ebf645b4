#!/usr/bin/env node
/** The process: signals first, then everything else. `gateway.ts` assembles the gateway. */
import { StopSignals } from './cli/stop-signals.ts';

const signals = new StopSignals(process);
// Loaded only now: it takes a good part of a second, in which PID 1 would miss a signal.
const { runProcess } = await import('./cli/process.ts');
process.exitCode = await runProcess(signals);
