import type { FastifyReply, FastifyRequest } from 'fastify';
import { matchesTag } from '../../registry/api.ts';
import { accepts } from './accepts.ts';
import type { DashboardFile } from './files.ts';

/** Nothing but the page's own files and this gateway's own answers; nothing may frame it or be sent elsewhere. */
const policy = [
  "default-src 'none'",
  ...['script-src', 'style-src', 'img-src', 'connect-src'].map((name) => `${name} 'self'`),
  ...['base-uri', 'form-action', 'frame-ancestors'].map((name) => `${name} 'none'`),
  "require-trusted-types-for 'script'",
].join('; ');

/** What each answer of the dashboard says to the browser: files, redirects and refusals. */
export const safetyHeaders = {
  'content-security-policy': policy,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
};

/** The same for what is no file: none elsewhere than at `/ui` and below. */
export function safetyHeadersAt(path: string): Readonly<Record<string, string>> {
  return /^\/ui(?:\/|$)/i.test(path) ? safetyHeaders : {};
}

/** The page: asked for each time, so that it names the files of the gateway that runs now. */
export const asksAgain = 'no-cache';
/** A file that has a hash of its content in its name. */
export const lasts = 'public, max-age=31536000, immutable';

/** Sends a file, or 304 to who has it. */
export async function sendFile(
  { method, headers }: FastifyRequest,
  reply: FastifyReply,
  file: DashboardFile,
  caching: string,
): Promise<FastifyReply> {
  const { bytes, etag, isZipped } = await file.representation(accepts(headers['accept-encoding'], 'gzip'));
  varyBy(reply, 'Accept-Encoding');
  void reply.headers({ ...safetyHeaders, 'cache-control': caching, etag }).type(file.mediaType);
  if (isZipped) void reply.header('content-encoding', 'gzip');
  if (!matchesTag(headers['if-none-match'], etag)) return reply.send(bytes);
  reply.code(304);
  // For HEAD fastify makes of the body the length that a 200 would have, and sends no body.
  return method === 'HEAD' ? reply.send(bytes) : reply.removeHeader('content-type').send();
}

/** Adds to what the answer varies by: CORS says that it varies by the origin. */
export function varyBy(reply: FastifyReply, name: string): void {
  void reply.header('vary', [reply.getHeader('vary'), name].flat().filter(Boolean).join(', '));
}
