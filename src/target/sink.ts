/** Where the hub's bytes for one target go: it gets the wire form, as a client does, and reads it back. */
import { parsePosition } from '../event/position.ts';
import { parseWireChange } from '../event/wire-change.ts';
import type { Control, Encoding, Farewell, Sink } from '../fanout/sink.ts';
import { type Arrival, arrivalOf } from './course/entry.ts';

const encoding: Encoding = {
  transport: 'target',
  format: 'manifeed',
  change: (json, resume) => Buffer.from(`${resume} ${json}`),
};

/** A reset, as the hub tells of it. */
export type ResetNotice = Extract<Control, { kind: 'reset' }>;

/** What takes what the hub brings. */
export interface Receiver {
  /** A change. The hub brings nothing at or before `resume` any more. False: no room for another one. */
  take(arrival: Arrival, resume: number): boolean;
  /** Nothing at or before this sequence comes any more. */
  passed(sequence: number): void;
  reset(notice: ResetNotice): void;
  /** The hub brings nothing more. */
  ended(why: Farewell): void;
}

export class TargetSink implements Sink {
  readonly encoding = encoding;
  readonly address: string;
  readonly lasts = true;
  readonly #receiver: Receiver;

  constructor(name: string, receiver: Receiver) {
    this.address = `target:${name}`;
    this.#receiver = receiver;
  }

  write(bytes: Buffer): boolean {
    const { arrival, resume } = read.get(bytes) ?? readBytes(bytes);
    return this.#receiver.take(arrival, resume);
  }

  tell(control: Control): boolean {
    if (control.kind === 'ready') this.#receiver.passed(sequenceOf(control.position));
    if (control.kind === 'reset') this.#receiver.reset(control);
    return true;
  }

  beat(bookmark: string): void {
    if (bookmark !== '') this.#receiver.passed(sequenceOf(bookmark));
  }

  end(why: Farewell): void {
    this.#receiver.ended(why);
  }
}

/**
 * What was read from bytes. The hub gives all targets the same bytes of a new change, so they share one reading: with many
 * targets that wait, a change is in memory once.
 */
const read = new WeakMap<Buffer, { readonly arrival: Arrival; readonly resume: number }>();

function readBytes(bytes: Buffer) {
  const text = bytes.toString();
  const space = text.indexOf(' ');
  const change = parseWireChange(text.slice(space + 1));
  const made = {
    arrival: arrivalOf(change, sequenceOf(change.position)),
    resume: sequenceOf(text.slice(0, space)),
  };
  read.set(bytes, made);
  return made;
}

/** @throws Error if it is no position, as the hub always gives one */
export function sequenceOf(position: string): number {
  const parsed = parsePosition(position);
  if (parsed === null) throw new Error(`read position: ${position}: must be <epoch>-<sequence>`);
  return parsed.sequence;
}
