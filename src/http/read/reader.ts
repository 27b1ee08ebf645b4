/** A request as a reader of the ledger: its place among the readers is free once its answer was sent. */
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Grant } from '../../event/grant.ts';
import { addressGroup } from '../../lib/address-group.ts';
import type { Reader } from '../../reading/readers.ts';

export function readerOf({ raw, ip }: FastifyRequest, reply: FastifyReply, grant: Grant): Reader {
  return {
    ...{ grant, client: grant.owner ?? addressGroup(ip), isGone: () => raw.socket.destroyed },
    onEnd: (callback) => onceSent(reply.raw, raw.socket, callback),
  };
}

/** By socket, whom to call when it closes. One listener for all: a client may send many requests before it reads. */
const waiting = new WeakMap<Socket, Set<() => void>>();

/**
 * Calls back once no byte of the answer waits in this process any more. Of a socket that closes, node:http tells only
 * the answer that is being written, not those that wait behind it.
 */
function onceSent(response: ServerResponse, socket: Socket, callback: () => void): void {
  if (socket.destroyed) return callback();
  const ends = waiting.get(socket) ?? endsOf(socket);
  const done = () => {
    if (ends.delete(done)) callback();
  };
  ends.add(done);
  response.once('finish', done);
}

function endsOf(socket: Socket): Set<() => void> {
  const ends = new Set<() => void>();
  waiting.set(socket, ends);
  socket.once('close', () => {
    for (const end of ends) end();
  });
  return ends;
}
