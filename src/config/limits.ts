import { z } from 'zod';
import { duration, integer, rename, size } from './settings/values.ts';

/** The `limits` section: the bounds of subscribers, their filters, and requests. */
export const limits = z
  .strictObject({
    connections: integer(1, 1_000_000)
      .default(17_500)
      .describe('Subscribers at once; fewer if the process may not open so many files'),
    connectionsPerAddress: integer(1, 1_000_000)
      .default(1_000)
      .describe(
        'Subscribers of one address (an IPv6 /64 is one); `limits.connections` or more switches this limit off',
      ),
    newConnectionsPerSecond: integer(1, 1_000_000)
      .default(2_000)
      .describe('New subscribers a second; one address may open a quarter of them'),
    subscriptionsPerConnection: integer(1, 10_000).default(100).describe('Subscriptions of one WebSocket'),
    repositoriesPerSubscription: integer(1, 100_000)
      .default(1_000)
      .describe('Repositories and globs of one subscription'),
    tagsPerSubscription: integer(1, 10_000)
      .default(100)
      .describe('Tags, globs and ranges of one subscription'),
    globsPerConnection: integer(1, 1_000_000)
      .default(1_000)
      .describe(
        'Wildcards in globs plus comparators in ranges, of all subscriptions of one connection; `**` alone is free',
      ),
    globsPerClient: integer(1, 1_000_000)
      .default(5_000)
      .describe(
        'Wildcards and comparators of all connections of one token (with `access: open`, of one address), equal globs once; one client may also use at most as many as are still free. `limits.globs` or more switches this limit off',
      ),
    globs: integer(1, 1_000_000)
      .default(20_000)
      .describe('Wildcards and comparators of all subscribers, equal globs once'),
    filterMemoryPerConnection: size('4KiB', '1GiB')
      .prefault('4MiB')
      .describe(
        'Estimated memory for the filters of one connection: about 600 bytes for a repository and 45 for each of its tags, 800 for a glob, 2,000 for a range; a filter for everything is free',
      ),
    filterMemoryPerClient: size('4KiB', '16GiB')
      .prefault('32MiB')
      .describe(
        'Estimated memory for the filters of one token or address, equal filters once; one client may also use at most as much as is still free',
      ),
    filterMemory: size('4KiB', '64GiB')
      .prefault('128MiB')
      .describe('Estimated memory for the filters of all subscribers, equal filters once'),
    messagesPerSecond: integer(1, 100_000).default(50).describe('Messages a second from one WebSocket'),
    maxMessage: size('1KiB', '16MiB').prefault('64KiB').describe('Largest message from a WebSocket'),
    maxBody: size('1KiB', '64MiB')
      .prefault('1MiB')
      .describe('Largest body of a request, except webhooks (`webhooks[].maxBytes`)'),
    maxBacklog: size('4KiB', '64MiB')
      .prefault('256KiB')
      .describe('Bytes that may wait in a socket; beyond that, its subscriber is fed from the ledger'),
    stalledTimeout: duration('1s', '1d')
      .prefault('60s')
      .describe('A subscriber whose backlog has not drained for this long is closed, and may resume'),
    headerTimeout: duration('1s', '10m').prefault('10s').describe("Time for a request's head to arrive"),
    requestTimeout: duration('1s', '1h').prefault('30s').describe('Time for a whole request to arrive'),
    idleTimeout: duration('1s', '1h')
      .prefault('75s')
      .describe('A connection without a request is closed after this time'),
    heartbeatInterval: duration('1s', '10m')
      .prefault('20s')
      .describe('Time between heartbeats of one subscriber; many proxies close quiet connections after 60 s'),
    longPollMaxWait: duration('1s', '10m').prefault('60s').describe('Longest `wait` of a long-poll'),
    connectionLifetime: duration('1s', '365d')
      .optional()
      .describe(
        'A subscriber is disconnected, and asked to reconnect, after about this time; default: never',
      ),
  })
  .transform(
    rename({
      filterMemoryPerConnection: 'filterBytesPerConnection',
      filterMemoryPerClient: 'filterBytesPerClient',
      filterMemory: 'filterBytes',
      maxMessage: 'maxMessageBytes',
      maxBody: 'maxBodyBytes',
      maxBacklog: 'maxBacklogBytes',
      stalledTimeout: 'stalledTimeoutMs',
      headerTimeout: 'headerTimeoutMs',
      requestTimeout: 'requestTimeoutMs',
      idleTimeout: 'idleTimeoutMs',
      heartbeatInterval: 'heartbeatIntervalMs',
      longPollMaxWait: 'longPollMaxWaitMs',
      connectionLifetime: 'connectionLifetimeMs',
    }),
  );
