/**
 * Frames that thousands of connections get alike: made once, and kept until a different one is needed. At any moment
 * nearly all connections are at the same position.
 */
import { rememberLast } from '../../lib/remember-last.ts';
import { pingFrame, textFrame } from './frame.ts';
import { controlText } from './messages.ts';

/** A protocol ping: a peer that does not answer is dead. */
const ping = pingFrame('');

/**
 * A beat while no position is known. JavaScript does not see pings, so each beat has a message in front of its
 * ping: a client that receives no message for some beats knows that its connection is dead.
 */
const positionless = Buffer.concat([textFrame('{"type":"heartbeat"}'), ping]);

/** @param position the resume position; '' where none is known */
export const beatFrames = rememberLast((position: string): Buffer => {
  if (position === '') return positionless;
  const bookmark = textFrame(JSON.stringify({ type: 'bookmark', position }));
  return Buffer.concat([bookmark, ping]);
});

/** `subscribed` and `ready` in one buffer. */
export const welcomeFrames = rememberLast((id: string, position: string, heartbeatMs: number): Buffer => {
  const frames = [
    textFrame(controlText({ kind: 'subscribed', id }, heartbeatMs)),
    textFrame(controlText({ kind: 'ready', id, position }, heartbeatMs)),
  ];
  return Buffer.concat(frames);
});
