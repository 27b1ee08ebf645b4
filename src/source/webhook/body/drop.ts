import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Clock } from '../../../lib/clock.ts';

/** A refused sender may finish a body up to this size, so that it reads its answer on an orderly connection. */
const maxDroppedBytes = 1024 * 1024;
/** After this long the connection is cut, ms. */
const dropForMs = 1_000;

/** Leaves a refused request's body unread. node:http alone would discard it for as long as the sender likes. */
export function dropBody(request: FastifyRequest, reply: FastifyReply, clock: Clock): void {
  const { headers, raw } = request;
  const hasLength = headers['transfer-encoding'] === undefined;
  const announced = Number(headers['content-length'] ?? 0);
  if ((hasLength && announced === 0) || raw.complete) return;
  if (!hasLength || announced > maxDroppedBytes) void reply.header('connection', 'close');
  const cancel = clock.after(dropForMs, () => {
    if (!raw.complete) raw.destroy();
  });
  raw.once('close', cancel);
}
