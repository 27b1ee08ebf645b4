/** Frames that thousands of connections share, since nearly all have the same position. */
import { rememberLast } from '../../lib/remember-last.ts';
import { pingFrame, textFrame } from './frame.ts';
import { controlText } from './messages.ts';

/** A protocol ping: a peer that does not answer is dead. */
const ping = pingFrame('');

/**
 * A beat without a position. JavaScript does not see pings, so a message precedes each ping: a client that receives
 * no message for some beats knows that its connection is dead.
 */
const positionless = Buffer.concat([textFrame('{"type":"heartbeat"}'), ping]);

/** @param position the resume position; '': unknown */
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
