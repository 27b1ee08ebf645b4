/**
 * What a HEAD through the facade is compared with: one fastify route that answers with the same headers and knows
 * nothing.
 */
import fastify from 'fastify';
import type { FromServer } from '../bench/control.ts';
import { digestOf, mediaType, size } from './content.ts';

const digest = digestOf('always the same');
const app = fastify({ exposeHeadRoutes: false });
app.route({
  method: ['GET', 'HEAD'],
  url: '/v2/*',
  handler: (_request, reply) =>
    reply
      .headers({
        'docker-distribution-api-version': 'registry/2.0',
        'content-type': mediaType,
        'docker-content-digest': digest,
        etag: `"${digest}"`,
        'content-length': String(size),
      })
      .send(),
});
await app.listen({ port: 0, host: '127.0.0.1' });
const address = app.server.address();
if (address === null || typeof address === 'string') throw new Error('listen: no port');
const listening: FromServer = { kind: 'listening', port: address.port };
process.send?.(listening);
