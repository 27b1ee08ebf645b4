/**
 * Reads what clients send, with `ws`'s parser. A parser keeps state only within a message, and nearly all
 * messages come whole: one parser serves all connections for those, and only whoever sends in pieces gets one of
 * its own. To make one for each message was a tenth of what opening a WebSocket cost.
 */
import { Receiver } from 'ws';
import { areWholeMessages } from './frame.ts';
import { maxBufferedChunks, maxFragments, type WebSocketListener } from './port.ts';

/** What a connection hears of its client's frames. */
export type FrameListener = Pick<
  WebSocketListener,
  'onMessage' | 'onPing' | 'onPong' | 'onClosing' | 'onFault'
>;

/** Longer ones fill the parser's buffer, and it asks for patience: that must concern one connection only. */
const maxSharedBytes = 4_096;

/** A parser that has a part of a message. */
export class FrameReader {
  readonly #receiver: Receiver;
  #listener: FrameListener | null = null;

  constructor(maxMessageBytes: number) {
    const limits = { maxPayload: maxMessageBytes, maxFragments, maxBufferedChunks };
    this.#receiver = new Receiver({ isServer: true, ...limits })
      .on('message', (data: Buffer, isBinary: boolean) => this.#listener?.onMessage(data, isBinary))
      .on('ping', (data: Buffer) => this.#listener?.onPing(data))
      .on('pong', () => this.#listener?.onPong())
      .on('conclude', (code: number) => this.#listener?.onClosing(code))
      .on('error', (error: Error) => this.#listener?.onFault(error));
  }

  /** @returns false: the client sends faster than this is parsed; `onDrained` is called when more may come */
  read(bytes: Buffer, listener: FrameListener, onDrained: () => void): boolean {
    this.#listener = listener;
    const ready = this.#receiver.write(bytes);
    if (!ready) this.#receiver.once('drain', onDrained);
    return ready;
  }

  /**
   * Reads what ends with a message.
   *
   * @returns whether it can read on: not after an error (which is told in a later turn) or a close
   */
  readWhole(bytes: Buffer, listener: FrameListener): boolean {
    this.#listener = listener;
    this.#receiver.write(bytes);
    if (this.#receiver.errored !== null || this.#receiver.writableEnded) return false;
    this.#listener = null;
    return true;
  }

  close(): void {
    this.#receiver.destroy();
  }
}

/** The gateway's parsers. */
export class FrameReaders {
  readonly #maxMessageBytes: number;
  #shared: FrameReader | null = null;

  constructor(maxMessageBytes: number) {
    this.#maxMessageBytes = maxMessageBytes;
  }

  /**
   * Reads the bytes for a connection between two messages, where they end with a message again.
   *
   * @returns false: they do not, and nothing was read
   */
  readWhole(bytes: Buffer, listener: FrameListener): boolean {
    if (bytes.length > maxSharedBytes || !areWholeMessages(bytes)) return false;
    const reader = this.#shared ?? this.create();
    // Nobody gets a parser that stopped half-way, whyever it did.
    this.#shared = null;
    if (reader.readWhole(bytes, listener)) this.#shared = reader;
    return true;
  }

  create(): FrameReader {
    return new FrameReader(this.#maxMessageBytes);
  }
}
