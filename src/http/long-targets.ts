/** Request targets of up to 64 KiB: what reading them costs must not add up within one turn of the event loop. */
import { type ParsedUrlQuery, parse } from 'node:querystring';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { OneATurn } from '../lib/one-a-turn.ts';

/** Longer targets are read one in each turn, characters. */
export const longTarget = 8 * 1024;
/** fastify's router parses each query at once. No endpoint that reads the result has more parameters. */
export const maxParsed = 32;

export function parseFew(query: string): ParsedUrlQuery {
  return parse(query, '&', '=', { maxKeys: maxParsed });
}

/** A hook for `onRequest` that lets requests with a long target wait for their turn; others go on at once. */
export function takeTurns(): (request: FastifyRequest, reply: FastifyReply, done: () => void) => void {
  const turns = new OneATurn();
  return ({ raw }, reply, done) => {
    const turn = (raw.url ?? '').length < longTarget ? null : turns.take();
    if (turn === null) return done();
    void turn.then(() => {
      // The client left meanwhile. Nobody would hear of its `close` any more.
      if (raw.socket.destroyed) reply.hijack();
      done();
    });
  };
}
