#!/usr/bin/env node
/** The process: signals first, then everything else. What a gateway is made of is `app.ts`'s business. */
import { StopSignals } from './cli/stop-signals.ts';

const signals = new StopSignals(process);
// Loaded only now: it takes a good part of a second, in which PID 1 would not hear a signal.
const { runProcess } = await import('./gateway/process.ts');
process.exitCode = await runProcess(signals);
