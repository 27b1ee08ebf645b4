/** The clients of the continuity test: each believes what it is told, and checks what it was promised. */
import { expect } from 'vitest';
import type { Change } from '../../src/event/change.ts';
import type { Filter, FilterInput } from '../../src/event/filter.ts';
import type { Position } from '../../src/event/position.ts';
import type { Start } from '../../src/fanout/subscriber.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { type Heard, resumeIn } from './fake-sink.ts';
import { drain, filterOf, type Member, type World } from './hub-world.ts';
import { tagSeen } from './ledger-samples.ts';

interface Asked {
  readonly filter: Filter;
  /** What comes after it is owed; a reset moves it. */
  from: number;
  /** Where to resume it: a position told before it was subscribed says nothing of it. */
  resume: Position;
  told: boolean;
}

/**
 * A client that believes what it is told. At each resume position that it gets it asks: have I had everything
 * up to there that I asked for? That is the promise by which a connection may be killed at any moment.
 */
interface Client {
  readonly member: Member;
  readonly conflate: boolean;
  /** Per subscription: what it asked for and from where. */
  readonly asked: Map<string, Asked>;
  /** Every filter ever asked for on this connection: what conflation may go by. */
  readonly filters: Filter[];
  readonly had: Map<number, number>;
  /** The newest sequence had of each subject. */
  readonly newest: Map<string, number>;
  /** Of what it had. */
  epoch: string;
  /** The last position told. */
  resume: Position | null;
  /** Subscriptions that this connection ever had. */
  subscriptions: number;
  /** Those of the connections before it too: each may have replayed the same change once. */
  replays: number;
}

/** What happens next. */
export type Step =
  | { readonly kind: 'push'; readonly repository: string; readonly tag: string; readonly gone: boolean }
  | { readonly kind: 'burst'; readonly count: number }
  | { readonly kind: 'room'; readonly client: number; readonly room: number }
  | { readonly kind: 'drain'; readonly client: number; readonly room: number }
  | { readonly kind: 'subscribe'; readonly client: number; readonly filter: number; readonly back: number }
  | { readonly kind: 'unsubscribe'; readonly client: number; readonly which: number }
  | { readonly kind: 'kill'; readonly client: number }
  | { readonly kind: 'beat'; readonly client: number }
  | { readonly kind: 'turn' }
  | { readonly kind: 'time'; readonly ms: number }
  | { readonly kind: 'hold'; readonly on: boolean }
  | { readonly kind: 'release' }
  | { readonly kind: 'away'; readonly on: boolean }
  | { readonly kind: 'trim' }
  | { readonly kind: 'lose'; readonly refill: number };

export const clients = 3;
export const repositories = ['team/a', 'team/b', 'other/c'];
export const filters: readonly FilterInput[] = [
  {},
  { repository: ['team/a'] },
  { repository: ['team/b', 'other/c'] },
  { repository: ['team/**'] },
  { repository: ['team/a'], tag: ['one'] },
  { type: ['tag.updated'] },
];

/** What holds for a whole session. */
export interface Setting {
  /** Changes kept; what is trimmed and what continuity is lost make resets. */
  readonly losses: boolean;
  readonly paced: boolean;
  readonly conflate: boolean;
  readonly maxQueuedChanges: number;
  readonly maxFrames: number;
  readonly pageSize: number;
}

/** One hub and its clients, over many steps. */
export class Session {
  readonly world: World;
  readonly clients: Client[] = [];
  /** Collected rather than thrown: what a sink throws, the hub would take for a defect of the transport. */
  readonly violations: string[] = [];
  readonly #setting: Setting;
  #nextId = 1;

  constructor(world: World, setting: Setting) {
    this.world = world;
    this.#setting = setting;
    for (let index = 0; index < clients; index++) this.clients.push(this.#connect());
  }

  #connect(): Client {
    const member = this.world.connect(this.#setting);
    const made: Client = {
      member,
      conflate: this.#setting.conflate,
      asked: new Map(),
      filters: [],
      had: new Map(),
      newest: new Map(),
      epoch: '',
      resume: null,
      subscriptions: 0,
      replays: 0,
    };
    member.sink.onHeard = (heard) => this.#hear(made, heard);
    return made;
  }

  #hear(client: Client, heard: Heard): void {
    if (heard.kind === 'subscribed') {
      const asked = client.asked.get(heard.id);
      if (asked === undefined)
        return void this.violations.push(`subscribed to ${heard.id}, which nobody asked for`);
      if (asked.told) this.violations.push(`subscribed to ${heard.id} twice`);
      asked.told = true;
    }
    const position = resumeIn(heard);
    if (position === null) return;
    if (heard.kind === 'reset')
      return this.#beReset(client, client.asked.get(heard.id), position, heard.reason);
    if (client.epoch !== position.epoch) {
      const running = [...client.asked.values()].filter((asked) => asked.told);
      if (running.some((asked) => asked.resume.epoch !== position.epoch))
        this.violations.push(`${heard.kind} of another epoch without a reset`);
      this.#enter(client, position.epoch);
    }
    if (heard.kind === 'change') {
      client.had.set(heard.sequence, (client.had.get(heard.sequence) ?? 0) + 1);
      const before = client.newest.get(heard.subject) ?? 0;
      if (client.subscriptions === 1 && heard.sequence <= before)
        this.violations.push(`${heard.subject}: ${heard.sequence} came after ${before}`);
      client.newest.set(heard.subject, Math.max(before, heard.sequence));
    }
    client.resume = position;
    for (const asked of client.asked.values()) {
      if (asked.told) asked.resume = { ...position, sequence: Math.max(asked.from, position.sequence) };
    }
    this.#checkUpTo(client, position);
  }

  #beReset(client: Client, asked: Asked | undefined, position: Position, reason: string): void {
    if (!this.#setting.losses) this.violations.push(`reset: ${reason}: nothing was lost`);
    if (client.epoch !== position.epoch) this.#enter(client, position.epoch);
    if (asked === undefined) return void this.violations.push('reset of what nobody asked for');
    if (!asked.told) this.violations.push('reset before subscribed');
    asked.from = position.sequence;
    asked.resume = position;
  }

  #enter(client: Client, epoch: string): void {
    client.epoch = epoch;
    client.had.clear();
    client.newest.clear();
  }

  #checkUpTo(client: Client, { epoch, sequence }: Position): void {
    // The ledger has moved on, and the client is about to be told.
    if (epoch !== this.world.hub.head.epoch) return;
    for (const asked of client.asked.values()) {
      if (!asked.told || asked.resume.epoch !== epoch) continue;
      for (const change of this.world.changes) {
        if (change.sequence <= asked.from || change.sequence > sequence) continue;
        if (!asked.filter.matches(change) || this.#has(client, change)) continue;
        this.violations.push(
          `resume position ${sequence} passes ${change.sequence}, which was not delivered`,
        );
      }
    }
  }

  /** With conflation a newer change of the tag stands for an older one, be it before or after the position. */
  #has(client: Client, change: Change): boolean {
    if (client.had.has(change.sequence)) return true;
    if (!client.conflate) return false;
    const newer = this.world.changes.filter(
      (later) => later.sequence > change.sequence && sameSubject(later, change),
    );
    return newer.some((later) => client.filters.some((filter) => filter.matches(later)));
  }

  async run(steps: readonly Step[]): Promise<void> {
    for (const each of steps) await this.#do(each);
    await this.finish();
  }

  async #do(each: Step): Promise<void> {
    const { world } = this;
    switch (each.kind) {
      case 'push':
        return each.gone ? world.remove(each.repository, each.tag) : world.push(each.repository, each.tag);
      case 'burst':
        for (let n = 0; n < each.count; n++) void world.push(repositories[n % 3] ?? '', 'one');
        return;
      case 'room':
        this.#at(each.client).member.sink.room = each.room;
        return;
      case 'drain':
        return drain(this.#at(each.client).member, each.room);
      case 'subscribe':
        return this.#subscribe(each.client, each.filter, each.back);
      case 'unsubscribe': {
        const client = this.#at(each.client);
        const id = [...client.asked.keys()][each.which];
        if (id === undefined) return;
        client.asked.delete(id);
        world.hub.unsubscribe(client.member.subscriber, id);
        return;
      }
      case 'kill':
        return this.#kill(each.client);
      case 'beat': {
        const { member } = this.#at(each.client);
        if (member.subscriber.blockedAt > 0 || !member.subscriber.isPlaced) return;
        return member.sink.beat(world.hub.resumeOf(member.subscriber));
      }
      case 'turn':
        return new Promise((resolve) => void setImmediate(resolve));
      case 'time':
        world.clock.advance(each.ms);
        return;
      case 'hold':
        world.ledger.held = each.on;
        return;
      case 'release':
        return world.ledger.release(2);
      case 'away':
        world.ledger.away = each.on;
        return;
      case 'trim':
        await world.ledger.trim();
        return;
      case 'lose':
        return world.ledger.loseContinuity((fresh) => refill(fresh, each.refill, world.clock.now()));
    }
  }

  #at(index: number): Client {
    const client = this.clients[index];
    if (client === undefined) throw new Error(`no client ${index}`);
    return client;
  }

  /** `back` < 0: live; else so many changes before the head. */
  #subscribe(index: number, filter: number, back: number): void {
    const client = this.#at(index);
    if (client.asked.size >= 3) return;
    const { sequence } = this.world.hub.head;
    const from = back < 0 ? sequence : Math.max(0, sequence - back);
    this.#ask(client, filters[filter] ?? {}, back < 0 ? { kind: 'live' } : this.world.after(from), from);
  }

  #ask(client: Client, input: FilterInput, start: Start, from: number): void {
    const id = `s${this.#nextId++}`;
    client.subscriptions++;
    client.replays++;
    const filter = filterOf(input);
    client.filters.push(filter);
    client.asked.set(id, {
      filter,
      from,
      resume:
        start.kind === 'after'
          ? { epoch: start.epoch, sequence: start.sequence }
          : { epoch: this.world.hub.head.epoch, sequence: from },
      told: false,
    });
    this.world.subscribe(client.member, { ...input, id, start });
  }

  /** The connection breaks; the client comes back with what it asked for, from the last position it was told. */
  #kill(index: number): void {
    const old = this.#at(index);
    this.world.hub.disconnect(old.member.subscriber);
    const made = this.#connect();
    this.clients[index] = made;
    made.replays = old.replays;
    made.epoch = old.epoch;
    made.filters.push(...old.filters);
    for (const [sequence, times] of old.had) made.had.set(sequence, times);
    for (const { filter, from, resume, told } of old.asked.values()) {
      if (!told) continue;
      const input = filters.find((each) => filterOf(each).key === filter.key) ?? {};
      this.#ask(made, input, { kind: 'after', ...resume }, from);
    }
  }

  async finish(): Promise<void> {
    const { world } = this;
    world.ledger.held = false;
    world.ledger.away = false;
    world.ledger.release();
    for (const { member } of this.clients) drain(member);
    for (let turn = 0; turn < 400; turn++) {
      world.clock.advance(50);
      await world.settle();
      if (this.#done()) break;
    }
    expect(this.violations).toEqual([]);
    const { epoch, sequence } = world.hub.head;
    if (world.changes.length > 0) expect(sequence).toBe(world.changes.at(-1)?.sequence);
    for (const client of this.clients) {
      if (client.asked.size === 0) continue;
      expect(client.member.subscriber.state).toBe('live');
      for (const asked of client.asked.values()) expect(asked.told).toBe(true);
      expect(client.member.sink.of('ready').length).toBeGreaterThanOrEqual(client.asked.size);
      this.#checkUpTo(client, { epoch, sequence });
      client.member.sink.beat(world.hub.resumeOf(client.member.subscriber));
      expect(client.resume).toEqual({ epoch, sequence });
      expect(this.violations).toEqual([]);
      // Nothing twice, but for what a later subscription of the connection, or a reconnect, replays.
      for (const times of client.had.values()) expect(times).toBeLessThanOrEqual(client.replays);
    }
  }

  #done(): boolean {
    const { hub } = this.world;
    return this.clients.every(({ asked, member }) => {
      const { subscriber } = member;
      return asked.size === 0 || (subscriber.state === 'live' && hub.pacer.idle && !hub.fanningOut);
    });
  }
}

async function refill(ledger: Ledger, count: number, observedAt: number): Promise<void> {
  for (let n = 0; n < count; n++) await ledger.record([tagSeen(`refilled-${n}`, 'word', observedAt)]);
}

function sameSubject(a: Change, b: Change): boolean {
  return a.registry === b.registry && a.repository === b.repository && a.tag === b.tag;
}
