import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { type StopSignal, StopSignals } from '../../../src/cli/stop-signals.ts';

class Source extends EventEmitter {
  readonly exits: number[] = [];
  seconds = 0.5;
  exit(code: number): void {
    this.exits.push(code);
  }
  uptime(): number {
    return this.seconds;
  }
}

function heard(source: Source): StopSignal[] {
  const signals: StopSignal[] = [];
  new StopSignals(source).handle((signal) => signals.push(signal));
  return signals;
}

describe('stop signals', () => {
  it.each([
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ] as const)('%s ends the process with %i until somebody handles it', (signal, code) => {
    const source = new Source();
    const signals = new StopSignals(source);
    source.emit(signal);
    expect(source.exits).toEqual([code]);
    signals.handle(() => {});
    source.seconds++;
    source.emit(signal);
    expect(source.exits).toEqual([code]);
  });

  it('count once if npm repeats what the terminal has sent', () => {
    const source = new Source();
    const signals = heard(source);
    source.emit('SIGINT');
    source.seconds += 0.125;
    source.emit('SIGINT');
    expect(signals).toEqual(['SIGINT']);
  });

  it('count twice if somebody sends the second one, however many echoes there are', () => {
    const source = new Source();
    const signals = heard(source);
    for (let sent = 0; sent < 5; sent++) {
      source.emit('SIGINT');
      source.seconds += 0.125;
    }
    expect(signals).toEqual(['SIGINT', 'SIGINT', 'SIGINT']);
  });

  it('count both if they differ', () => {
    const source = new Source();
    const signals = heard(source);
    source.emit('SIGINT');
    source.emit('SIGTERM');
    expect(signals).toEqual(['SIGINT', 'SIGTERM']);
  });
});
