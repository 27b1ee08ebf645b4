/**
 * Reads what clients send, with `ws`'s parser. It keeps state only within a message, and nearly all messages come
 * whole: one parser serves all connections for those, and a client that sends in pieces gets its own.
 */
import { Receiver } from 'ws';
import { areWholeMessages } from './frame.ts';
import { maxBufferedChunks, maxFragments, type WebSocketListener } from './port.ts';

/** What a connection receives of its client's frames. */
export type FrameListener = Pick<
  WebSocketListener,
  'onMessage' | 'onPing' | 'onPong' | 'onClosing' | 'onFault'
>;

/** Longer messages fill the parser's buffer, and it asks to wait: that must concern one connection only. */
const maxSharedBytes = 4_096;

/** A parser, which may hold part of a message. */
export class FrameReader {
  readonly #receiver: Receiver;
  #listener: FrameListener | null = null;
  /** The connection reads on by itself, later: `onDrained` is not called. */
  isPaused = false;

  constructor(maxMessageBytes: number) {
    const limits = { maxPayload: maxMessageBytes, maxFragments, maxBufferedChunks };
    this.#receiver = new Receiver({ isServer: true, ...limits })
      .on('message', (data: Buffer, isBinary: boolean) => this.#listener?.onMessage(data, isBinary))
      .on('ping', (data: Buffer) => this.#listener?.onPing(data))
      .on('pong', () => this.#listener?.onPong())
      .on('conclude', (code: number) => this.#listener?.onClosing(code))
      .on('error', (error: Error) => this.#listener?.onFault(error));
  }

  /** @returns false: the client sends faster than this parses; `onDrained` is called when more may come */
  read(bytes: Buffer, listener: FrameListener, onDrained: () => void): boolean {
    this.#listener = listener;
    const ready = this.#receiver.write(bytes);
    if (!ready) {
      this.#receiver.once('drain', () => {
        if (!this.isPaused) onDrained();
      });
    }
    return ready;
  }

  /** Reads bytes that end with a message. False: an error (reported in a later turn) or a close; it reads no more. */
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

  /** For a connection between messages: reads bytes that end with a message. False: they do not; nothing was read. */
  readWhole(bytes: Buffer, listener: FrameListener): boolean {
    if (bytes.length > maxSharedBytes || !areWholeMessages(bytes)) return false;
    const reader = this.#shared ?? this.create();
    // A parser that stopped half-way is never shared.
    this.#shared = null;
    if (reader.readWhole(bytes, listener)) this.#shared = reader;
    return true;
  }

  create(): FrameReader {
    return new FrameReader(this.#maxMessageBytes);
  }
}
