/**
 * A lane: one kind of server under test, with all its processes and drivers. A process usually may hold 20,000
 * descriptors, so beyond `maxPerProcess` subscribers there are several servers, each with its own driver.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Child } from './child.ts';
import { type FromDriver, hrMs, type ToDriver } from './control.ts';
import { startGateway } from './gateway.ts';
import type { BenchOptions, Pace, ServerName, Transport } from './options.ts';
import { cpuMs, pssKib } from './process-usage.ts';
import { type Subject, startOwn } from './subject.ts';

const maxPerProcess = 18_000;
const warmUpConnections = 300;
const warmUpChanges = 30;
const openTimeoutMs = 120_000;
const roundTimeoutMs = 60_000;
/** Wait after the last arrival, because the remaining write callbacks belong to the round. */
const afterRoundMs = 50;
const afterCollectionMs = 1_000;

/** Paces every change, even with few subscribers. R is too high to hold anything back. */
const pacedFromOne = {
  paced: true,
  configuration: { pace: { deliveriesPerSecond: 10_000_000, burst: 0 } },
};

export type Driver = Child<ToDriver, FromDriver>;

export interface Opened {
  readonly perSecond: number;
  /** CPU time of the servers for one opening, µs. */
  readonly cpuUs: number;
}

export interface Round {
  /** From before the publish to each delivery, ms. */
  readonly latenciesMs: readonly number[];
  readonly cpuMs: number;
  readonly bytes: number;
}

export function startDriver(core: number): Driver {
  const script = fileURLToPath(new URL('./driver.ts', import.meta.url));
  return new Child('driver', { args: [script], core });
}

export class Lane {
  readonly name: string;
  readonly #options: BenchOptions;
  readonly #subjects: Subject[] = [];
  readonly #drivers: Driver[] = [];

  constructor(name: string, options: BenchOptions) {
    this.name = name;
    this.#options = options;
  }

  /** Starts the servers, and runs a few subscribers through each so that their code is loaded and compiled. */
  async start(server: ServerName, transport: Transport, pace: Pace): Promise<void> {
    const count = Math.ceil(this.#options.subscribers / maxPerProcess);
    const { serverCore: core, ledger, access } = this.#options;
    for (let i = 0; i < count; i++) {
      const subject =
        server === 'manifeed'
          ? await startGateway({ transport, core, ledger, access, ...(pace === 'paced' ? pacedFromOne : {}) })
          : await startOwn(server, core);
      this.#subjects.push(subject);
      await this.#warmUp(subject);
    }
  }

  async open(): Promise<Opened> {
    const perServer = Math.ceil(this.#options.subscribers / this.#subjects.length);
    const cpuBefore = this.cpuMs();
    const startedAt = hrMs();
    const opened = await Promise.all(
      this.#subjects.map((subject, index) => {
        const driver = startDriver(this.#options.driverCore);
        this.#drivers.push(driver);
        const left = this.#options.subscribers - index * perServer;
        return openOn(driver, subject, Math.min(perServer, left), 0);
      }),
    );
    // One driver's own clock excludes its start-up. With several drivers the slowest counts, start-up included.
    const ms = opened.length === 1 ? Math.max(...opened.map((each) => each.headsMs)) : hrMs() - startedAt;
    return {
      perSecond: (this.#options.subscribers * 1000) / ms,
      cpuUs: ((this.cpuMs() - cpuBefore) * 1000) / this.#options.subscribers,
    };
  }

  /** Publishes one change and waits until every subscriber has it. */
  async round(): Promise<Round> {
    await Promise.all(this.#drivers.map((driver) => ask(driver, { kind: 'arm' }, 'armed', roundTimeoutMs)));
    const cpuBefore = this.cpuMs();
    const arrived = this.#drivers.map((driver) => driver.next('arrived', roundTimeoutMs));
    const publishedAt = hrMs();
    const published = Promise.all(this.#subjects.map((subject) => subject.publish()));
    const all = await Promise.all(arrived);
    await published;
    await sleep(afterRoundMs);
    return {
      latenciesMs: all.flatMap((each) => Array.from(each.at, (at) => at - publishedAt)),
      cpuMs: this.cpuMs() - cpuBefore,
      bytes: all.reduce((sum, each) => sum + each.bytes, 0),
    };
  }

  watchStalls(): void {
    for (const subject of this.#subjects) subject.watchStalls();
  }

  async longestStallMs(): Promise<number> {
    return Math.max(...(await Promise.all(this.#subjects.map((subject) => subject.longestStallMs()))));
  }

  cpuMs(): number {
    return this.#subjects.reduce((sum, subject) => sum + cpuMs(subject.pid), 0);
  }

  /** Memory of the servers after a collection, KiB. */
  async settledPssKib(): Promise<number> {
    await Promise.all(this.#subjects.map((subject) => subject.collectGarbage()));
    // V8 returns pages a little later.
    await sleep(afterCollectionMs);
    return this.pssKib();
  }

  pssKib(): number {
    return this.#subjects.reduce((sum, subject) => sum + pssKib(subject.pid), 0);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#drivers, ...this.#subjects].map((each) => each.close()));
  }

  async #warmUp(subject: Subject): Promise<void> {
    const driver = startDriver(this.#options.driverCore);
    try {
      await openOn(driver, subject, Math.min(warmUpConnections, this.#options.subscribers), 0);
      for (let i = 0; i < warmUpChanges; i++) {
        await ask(driver, { kind: 'arm' }, 'armed', roundTimeoutMs);
        const arrived = driver.next('arrived', roundTimeoutMs);
        await Promise.all([arrived, subject.publish()]);
      }
    } finally {
      await driver.close();
    }
  }
}

/** Opens `connections` on a subject. Every `stallEvery`-th of them stops reading once it is ready; 0 for none. */
export function openOn(driver: Driver, subject: Subject, connections: number, stallEvery: number) {
  const { port, dialogue } = subject;
  return ask(driver, { kind: 'open', port, connections, stallEvery, ...dialogue }, 'opened', openTimeoutMs);
}

export function ask<K extends FromDriver['kind']>(
  driver: Driver,
  message: ToDriver,
  kind: K,
  timeoutMs: number,
) {
  const answer = driver.next(kind, timeoutMs);
  driver.send(message);
  return answer;
}
