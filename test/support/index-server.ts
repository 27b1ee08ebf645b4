/** The endpoints of the index on a server that does not listen, over any ledger. */
import fastify, { type FastifyInstance } from 'fastify';
import { createAuthoriser } from '../../src/access/authoriser.ts';
import { ManifeedError } from '../../src/errors.ts';
import { indexEndpoints } from '../../src/gateway/index-api.ts';
import { serveApi } from '../../src/http/api.ts';
import type { Presences } from '../../src/http/read/orphans.ts';
import type { LedgerQueries } from '../../src/ledger/queries.ts';
import type { Clock } from '../../src/lib/clock.ts';
import { Readers } from '../../src/reading/readers.ts';
import { load } from './config.ts';

const registry = 'registry.example.com:5000';

interface IndexServerOptions {
  readonly ledger: LedgerQueries;
  readonly clock: Clock;
  /** Default null: registries cannot be asked. */
  readonly presences?: Presences | null;
}

/**
 * Its default registry, the only one that it knows, is that of the samples. Each token is that of a client of its own,
 * and may see everything; without one a client is its address.
 */
export async function indexServer({
  ledger,
  clock,
  presences = null,
}: IndexServerOptions): Promise<FastifyInstance> {
  const config = load(`listen: 127.0.0.1:0\nledger: memory\ndefaultRegistry: ${registry}`);
  const anyone = createAuthoriser({
    ...{ access: { kind: 'open' }, allowNone: true, openIsAdmin: true, defaultRegistry: registry },
  })(null);
  if (anyone === null) throw new Error('make a grant: open access must give one');
  const admission = {
    authorise: (token: string | null) => (token === null ? anyone : { ...anyone, owner: token }),
    knowsRegistry: (host: string) => host === registry,
    check: () => {},
  };
  const server = fastify({ exposeHeadRoutes: false });
  server.setErrorHandler((error, _request, reply) => {
    if (!(error instanceof ManifeedError)) throw error;
    return reply.code(error.status).send(error.toBody());
  });
  const endpoints = indexEndpoints({
    config,
    ledger,
    admission,
    readers: new Readers(),
    lookUps: null,
    presences,
    clock,
  });
  await serveApi(server, { version: '1', endpoints, authorise: () => anyone });
  return server;
}
