/** The messages that a client sends over a WebSocket, and those that it receives. PROTOCOL.md describes them. */
import { z } from 'zod';
import { invalidParameter, ManifeedError, refusalOf } from '../../errors.ts';
import { tagStateToJson } from '../../event/encode.ts';
import type { Control } from '../../fanout/sink.ts';
import type { Subscriber } from '../../fanout/subscriber.ts';
import { jsonOrNothing } from '../../lib/json.ts';
import { rememberLast } from '../../lib/remember-last.ts';
import { parseMembers } from '../parameters.ts';
import { Remembered, type StreamParams, type StreamRequest, streamShape } from '../request.ts';
import { pingFrame, textFrame } from './frame.ts';

const id = z
  .string()
  .min(1, { error: 'must have 1 to 64 characters' })
  .max(64, { error: 'must have 1 to 64 characters' })
  .describe("The client's name for the subscription");
const accessToken = z.string().max(1_000).optional().describe('A token, where none came with the handshake');

const { type: types, ...sharedShape } = streamShape;

/** The query parameters, except that the change types are `types`: `type` is the message's. */
export const subscribeMessage = z.strictObject({
  ...sharedShape,
  types,
  type: z.literal('subscribe'),
  id,
  access_token: accessToken,
});
export const unsubscribeMessage = z.strictObject({
  type: z.literal('unsubscribe'),
  id,
  access_token: accessToken,
});
export const authMessage = z.strictObject({ type: z.literal('auth'), access_token: z.string().max(1_000) });

/** A parsed `subscribe`. */
export interface SubscribeMessage {
  readonly type: 'subscribe';
  readonly id: string;
  readonly access_token?: string | undefined;
  /** Its other members, named as in a query. */
  readonly params: StreamParams;
  /** Globs and ranges in them: counted once for all who say the same. */
  readonly globs: number;
}

/** What a client may say. */
export type ClientMessage =
  | SubscribeMessage
  | z.infer<typeof unsubscribeMessage>
  | z.infer<typeof authMessage>;

/** @throws MESSAGE_INVALID if it is no message at all; PARAMETER_INVALID naming the member that is wrong */
export function parseClientMessage(text: string): ClientMessage {
  const value = parseJson(text);
  const type = typeof value === 'object' && value !== null && 'type' in value ? value.type : undefined;
  switch (type) {
    case 'subscribe':
      return parseSubscribe(value);
    case 'unsubscribe':
      return parseMembers(value, unsubscribeMessage);
    case 'auth':
      return parseMembers(value, authMessage);
    default:
      throw refusalOf(
        'MESSAGE_INVALID',
        'type',
        'read message: unknown type: must be a JSON object whose type is subscribe, unsubscribe or auth',
      );
  }
}

function parseSubscribe(value: unknown): SubscribeMessage {
  const { type, id, access_token, types, ...members } = parseMembers(value, subscribeMessage);
  const globs = countGlobs(members);
  return { type, id, access_token, params: { ...members, type: types }, globs };
}

/** Parses messages, and remembers the latest: thousands of clients send the same. */
export class MessageReader {
  readonly #known = new Remembered<ClientMessage>();

  /** @throws as `parseClientMessage` */
  read(text: string): ClientMessage {
    // A token must not stay in memory.
    if (text.includes('access_token')) return parseClientMessage(text);
    return this.#known.getOrMake(text, parseClientMessage);
  }
}

/** Globs and ranges of a subscribe, counted before they are parsed. */
function countGlobs({ repository = [], tag = [] }: StreamParams): number {
  const isCostly = (text: string) => text.includes('*') || text.startsWith('semver:');
  return repository.filter(isCostly).length + tag.filter(isCostly).length;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ManifeedError('MESSAGE_INVALID', 'read message: not valid JSON: must be a JSON object', {
      cause,
    });
  }
}

/** The id in a faulty message, for its error. */
export function idOf(text: string): string | null {
  const value = jsonOrNothing(text);
  return typeof value === 'object' && value !== null && 'id' in value && typeof value.id === 'string'
    ? value.id.slice(0, 64)
    : null;
}

/** @param heartbeatMs time between two heartbeats, for `ready` */
export function controlText(control: Control, heartbeatMs: number): string {
  switch (control.kind) {
    case 'subscribed':
      return JSON.stringify({ type: 'subscribed', id: control.id });
    case 'state':
      return `{"type":"state","id":${JSON.stringify(control.id)},"state":${tagStateToJson(control.tag)}}`;
    case 'ready':
      return JSON.stringify({ type: 'ready', id: control.id, position: control.position, heartbeatMs });
    case 'reset': {
      const { id, reason, position, floor } = control;
      return JSON.stringify({ type: 'reset', id, reason, position, floor });
    }
  }
}

/** An `error` message. @param id of the subscription that it concerns; null: none */
export function errorText(error: ManifeedError, id: string | null): string {
  return JSON.stringify({
    type: 'error',
    id,
    code: error.code,
    message: error.message,
    detail: error.detail ?? null,
  });
}

/**
 * Pace, conflation and format belong to the connection. Its first subscription sets them; a later one may omit or
 * repeat them. @throws PARAMETER_INVALID naming the member that differs
 */
export function requireSame(
  asked: StreamParams,
  { paced, conflate, format }: StreamRequest,
  settled: Pick<Subscriber, 'paced' | 'conflate' | 'sink'>,
): void {
  const differs = [
    ['pace', asked.pace !== undefined && paced !== settled.paced],
    ['conflate', asked.conflate !== undefined && conflate !== settled.conflate],
    ['format', asked.format !== undefined && format !== settled.sink.encoding.format],
  ] as const;
  for (const [name, isOther] of differs) {
    if (isOther)
      throw invalidParameter(
        name,
        `subscribe: ${name}: must be as the connection's first subscription set it`,
      );
  }
}

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
