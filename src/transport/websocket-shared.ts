/**
 * Frames that thousands hear alike: made once, and kept until the next one differs. At any moment nearly all
 * connections stand at the same position.
 */
import { pingFrame, textFrame } from './websocket-frame.ts';
import { controlText } from './websocket-messages.ts';

/** A protocol ping: who does not answer is dead. */
export const heartbeat = pingFrame('');
let lastWelcome = { id: '', position: '', bytes: heartbeat };

/** `subscribed` and `ready` in one buffer: thousands who come together hear the same. */
export function welcomeFrame(id: string, position: string): Buffer {
  if (lastWelcome.id !== id || lastWelcome.position !== position) {
    const frames = [
      textFrame(controlText({ kind: 'subscribed', id })),
      textFrame(controlText({ kind: 'ready', id, position })),
    ];
    lastWelcome = { id, position, bytes: Buffer.concat(frames) };
  }
  return lastWelcome.bytes;
}

let lastBookmark = { position: '', bytes: heartbeat };

export function bookmarkFrame(position: string): Buffer {
  if (lastBookmark.position !== position) {
    lastBookmark = { position, bytes: textFrame(JSON.stringify({ type: 'bookmark', position })) };
  }
  return lastBookmark.bytes;
}
