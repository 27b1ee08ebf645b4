import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Clock } from '../../../lib/clock.ts';

/** A refused sender may finish a body up to this size, so that it reads its answer on an orderly connection. */
const maxDroppedBytes = 1024 * 1024;
/** For that long, ms; then the connection is cut. */
const dropForMs = 1_000;

/**
 * Leaves the body of a refused request unread at a bounded price. node:http discards what still arrives after the
 * answer, for as long as a sender likes; here that ends after a second, or at once where much was announced.
 */
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
