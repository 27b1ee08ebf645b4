import type { Change } from '../../src/event/change.ts';
import { type Position, parsePosition } from '../../src/event/position.ts';
import type { Control, Encoding, Farewell, Sink } from '../../src/fanout/sink.ts';

/** What a sink received, in order. A resume position is a sequence of `epoch`. */
export type Heard =
  | {
      readonly kind: 'change';
      readonly epoch: string;
      readonly sequence: number;
      readonly subject: string;
      readonly resume: number;
    }
  | { readonly kind: 'beat'; readonly bookmark: string; readonly resume: number | null }
  | {
      readonly kind: 'end';
      readonly why: Farewell;
      readonly bookmark: string;
      readonly resume: number | null;
      readonly retryMs: number;
    }
  | Control;

interface Decoded {
  readonly sequence: number;
  readonly subject: string;
  readonly resume: number;
  readonly epoch: string;
}

/** Subscribers share frames, so each frame is parsed once. */
const decoded = new WeakMap<Buffer, Decoded>();

const fakeEncoding: Encoding = {
  transport: 'sse',
  format: 'manifeed',
  change(json, resume) {
    const bytes = Buffer.from(json);
    const change: Pick<Change, 'registry' | 'repository' | 'tag'> & { position: string } = JSON.parse(json);
    const position = parsePosition(change.position);
    decoded.set(bytes, {
      sequence: position?.sequence ?? -1,
      subject: `${change.registry}/${change.repository}:${change.tag}`,
      resume: parsePosition(resume)?.sequence ?? -1,
      epoch: position?.epoch ?? '',
    });
    return bytes;
  },
};

/** A sink that records what it receives. It can be full, like a socket whose peer does not read. */
export class FakeSink implements Sink {
  readonly encoding = fakeEncoding;
  address = '192.0.2.1';
  readonly heard: Heard[] = [];
  /** Bytes of changes that came while it was full: a socket would have had to buffer them. */
  bytesWhileFull = 0;
  full = false;
  /** Writes until it is full. */
  room = Number.POSITIVE_INFINITY;
  /** Called for each thing received, before the sink returns. */
  onHeard: (heard: Heard) => void = () => {};

  write(bytes: Buffer): boolean {
    const frame = decoded.get(bytes) ?? { sequence: -1, subject: '', resume: -1, epoch: '' };
    if (this.full) this.bytesWhileFull += bytes.length;
    return this.#hear({ kind: 'change', ...frame });
  }

  tell(control: Control): boolean {
    return this.#hear(control);
  }

  beat(bookmark: string): void {
    this.#hear({ kind: 'beat', bookmark, resume: parsePosition(bookmark)?.sequence ?? null });
  }

  end(why: Farewell, bookmark: string, retryMs: number): void {
    this.#hear({ kind: 'end', why, bookmark, resume: parsePosition(bookmark)?.sequence ?? null, retryMs });
  }

  get sequences(): number[] {
    return this.changes.map((each) => each.sequence);
  }

  get changes(): Extract<Heard, { kind: 'change' }>[] {
    return this.heard.filter((each) => each.kind === 'change');
  }

  /** The kinds of everything received except changes. */
  get kinds(): string[] {
    return this.heard.map((each) => each.kind).filter((kind) => kind !== 'change');
  }

  of<Kind extends Heard['kind']>(kind: Kind): Extract<Heard, { kind: Kind }>[] {
    return this.heard.filter((each): each is Extract<Heard, { kind: Kind }> => each.kind === kind);
  }

  #hear(heard: Heard): boolean {
    this.heard.push(heard);
    this.onHeard(heard);
    if (--this.room <= 0) this.full = true;
    return !this.full;
  }
}

/** The position from which a client that received this would resume; null if it gives none. */
export function resumeIn(heard: Heard): Position | null {
  switch (heard.kind) {
    case 'change':
      return { epoch: heard.epoch, sequence: heard.resume };
    case 'beat':
    case 'end':
      return parsePosition(heard.bookmark);
    case 'ready':
    case 'reset':
      return parsePosition(heard.position);
    case 'subscribed':
    case 'state':
      return null;
  }
}
