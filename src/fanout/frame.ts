import type { Change } from '../event/change.ts';
import { changeToCloudEvent, changeToJson } from '../event/encode.ts';
import { formatPosition } from '../event/position.ts';
import { repositoryKey } from '../event/reference.ts';
import type { Encoding } from './sink.ts';

/**
 * One change and its encoded bytes, made once and shared by all subscribers. The resume position is usually the
 * change's own. It is lower while earlier changes are held back for a subscriber. The last such encoding is kept
 * too, because those subscribers wait for the same few changes.
 */
export class Frame {
  readonly change: Change;
  /** `registry/repository` */
  readonly key: string;
  /** When the ledger's tail brought it, monotonic ms; 0: it was read from the ledger. */
  readonly heardAt: number;
  #subject: string | null = null;
  #own: Map<Encoding, Buffer | null> | null = null;
  #held: { encoding: Encoding; resume: number; bytes: Buffer | null } | null = null;
  #failure: string | null = null;

  constructor(change: Change, heardAt = 0) {
    this.change = change;
    this.heardAt = heardAt;
    this.key = repositoryKey(change);
  }

  /** The key of order and conflation: the tag, or the digest of a `manifest.*` change. */
  get subject(): string {
    // Made on demand: most changes have no subscriber.
    this.#subject ??= `${this.key}:${this.change.tag ?? this.change.digest ?? this.change.previousDigest}`;
    return this.#subject;
  }

  get sequence(): number {
    return this.change.sequence;
  }

  /** Null: the change cannot be encoded, because a source or a store let in a bad value. */
  bytes(encoding: Encoding, resume: number): Buffer | null {
    const isOwn = resume === this.change.sequence;
    const isHeld = !isOwn && this.#held?.encoding === encoding && this.#held.resume === resume;
    const known = isOwn ? this.#own?.get(encoding) : isHeld ? this.#held?.bytes : undefined;
    if (known !== undefined) return known;
    let bytes: Buffer | null = null;
    try {
      const toJson = encoding.format === 'cloudevents' ? changeToCloudEvent : changeToJson;
      const position = formatPosition(this.change.epoch, resume);
      bytes = encoding.change(toJson(this.change), position, this.change);
    } catch (error) {
      this.#failure = String(error);
    }
    this.#own ??= new Map();
    if (isOwn) this.#own.set(encoding, bytes);
    else this.#held = { encoding, resume, bytes };
    return bytes;
  }

  /** Why it cannot be encoded. Only the first call returns it, because all subscribers share one frame. */
  takeFailure(): string | null {
    const failure = this.#failure;
    this.#failure = null;
    return failure;
  }
}
