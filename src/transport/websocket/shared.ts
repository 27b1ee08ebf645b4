/**
 * Frames that thousands hear alike: made once, and kept until the next one differs. At any moment nearly all
 * connections stand at the same position.
 */
import { pingFrame, textFrame } from './frame.ts';
import { controlText } from './messages.ts';

/** A protocol ping: a peer that does not answer is dead. */
const ping = pingFrame('');

/**
 * A beat while no position is known. JavaScript does not see pings, so each beat has a message in front of its
 * ping: a client that hears no message for some beats knows that its line is dead.
 */
const positionless = Buffer.concat([textFrame('{"type":"heartbeat"}'), ping]);
let lastBeat = { position: '', bytes: positionless };

/** @param position the resume position; '' where none is known */
export function beatFrames(position: string): Buffer {
  if (position === '') return positionless;
  if (lastBeat.position !== position) {
    const bookmark = textFrame(JSON.stringify({ type: 'bookmark', position }));
    lastBeat = { position, bytes: Buffer.concat([bookmark, ping]) };
  }
  return lastBeat.bytes;
}

let lastWelcome = { id: '', position: '', heartbeatMs: 0, bytes: ping };

/** `subscribed` and `ready` in one buffer: thousands who come together hear the same. */
export function welcomeFrames(id: string, position: string, heartbeatMs: number): Buffer {
  const isLast =
    lastWelcome.id === id && lastWelcome.position === position && lastWelcome.heartbeatMs === heartbeatMs;
  if (!isLast) {
    const frames = [
      textFrame(controlText({ kind: 'subscribed', id }, heartbeatMs)),
      textFrame(controlText({ kind: 'ready', id, position }, heartbeatMs)),
    ];
    lastWelcome = { id, position, heartbeatMs, bytes: Buffer.concat(frames) };
  }
  return lastWelcome.bytes;
}
