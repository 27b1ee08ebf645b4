/** `ws` exports its parser and framer (wrapper.mjs); @types/ws does not know them yet. */
import type { Writable } from 'node:stream';

declare module 'ws' {
  interface ReceiverOptions {
    readonly isServer: boolean;
    /** Most bytes of one message. */
    readonly maxPayload: number;
    readonly maxFragments: number;
    readonly maxBufferedChunks: number;
  }

  /** Parses the peer's frames (RFC 6455, 5.2). Events: message, ping, pong, conclude, error. */
  export class Receiver extends Writable {
    constructor(options: ReceiverOptions);
  }

  export const Sender: {
    /** The frame's buffers: header and payload. */
    frame(
      data: Buffer,
      options: { fin: boolean; rsv1: boolean; opcode: number; mask: boolean; readOnly: boolean },
    ): Buffer[];
  };
}
