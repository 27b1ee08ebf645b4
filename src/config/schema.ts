/**
 * The schema of the configuration: every key with its rule, default and description. README's table, the
 * environment's names and the flags are read off it. Keys have no units (`60s` carries its own); the values
 * that come out do.
 */
import { z } from 'zod';
import { ledger } from './ledger.ts';
import { registries, watches } from './registries.ts';
import {
  choice,
  duration,
  flag,
  hostName,
  integer,
  list,
  listenAddress,
  network,
  origin,
  rate,
  registryHost,
  size,
  text,
} from './settings/values.ts';
import { webhooks } from './webhooks.ts';

const maxTokens = 10_000;
const maxPatterns = 1_000;
const pattern = () => text('a repository or a glob of at most 256 characters', /^[^\s@]{1,256}$/);

const retention = z
  .strictObject({
    maxChanges: integer(1, 1_000_000_000).default(1_000_000).describe('Changes kept at most'),
    maxAge: duration('1m', '3650d').prefault('30d').describe('Age of the oldest change kept'),
  })
  .transform((value) => ({ maxChanges: value.maxChanges, maxAgeMs: value.maxAge }));

const token = z.strictObject({
  name: text('a name').describe('Who has the token; appears in logs'),
  // Whoever mistakes it for the token's own place must not find the token in an error or in a print.
  sha256: text('64 hexadecimal digits, made by `manifeed token`', /^[a-f0-9]{64}$/)
    .meta({ secret: true })
    .describe('SHA-256 of the token; `manifeed token` makes one'),
  repositories: list(pattern(), 'repositories or globs', maxPatterns)
    .min(1, { error: 'must have at least one' })
    .default(['**'])
    .describe('What it may subscribe to'),
  unpaced: flag().default(false).describe('It may use `pace=none`'),
  admin: flag()
    .default(false)
    .describe('It may use `PUT /v1/pace`, `GET /v1/upstreams`, `GET /v1/hooks` and `GET /metrics`'),
  metrics: flag().default(false).describe('It may use `GET /metrics`, which names repositories'),
});

const access = z
  .union([
    choice(['open']),
    list(token, 'tokens (manifeed token makes one)', maxTokens).min(1, {
      error: 'must have at least one token',
    }),
  ])
  .optional()
  .describe('`open`, or a list of tokens; default: `open` on loopback, else required')
  .transform((value) =>
    value === undefined || value === 'open'
      ? { kind: 'open' as const }
      : { kind: 'tokens' as const, tokens: value },
  );

const paceRule = z
  .strictObject({
    repository: pattern().describe('Repositories of this rule; the first rule that matches applies'),
    deliveriesPerSecond: rate(0.01, 10_000_000).optional().describe('As `pace.deliveriesPerSecond`'),
    maxWindow: duration('1s', '30d').optional().describe('As `pace.maxWindow`'),
    burst: integer(0, 10_000_000).optional().describe('As `pace.burst`'),
  })
  .transform((value) => ({
    pattern: value.repository,
    deliveriesPerSecond: value.deliveriesPerSecond,
    maxWindowMs: value.maxWindow,
    burst: value.burst,
  }));

const pace = z
  .strictObject({
    deliveriesPerSecond: rate(0.01, 10_000_000)
      .default(500)
      .describe('Deliveries a second over all gateways: as many pulls as the registry can serve'),
    maxWindow: duration('1s', '30d')
      .prefault('10m')
      .describe(
        'Longest time that a delivery is held back; the rate rises if that is needed to finish in time',
      ),
    burst: integer(0, 10_000_000)
      .default(100)
      .describe('A change for at most this many subscribers goes out at once'),
    allowNone: flag()
      .optional()
      .describe('Anyone may use `pace=none`. Default: only with open access on loopback'),
    priority: list(pattern(), 'repositories or globs', maxPatterns)
      .default([])
      .describe('Repositories whose changes go first'),
    rules: list(paceRule, 'rules', maxPatterns).prefault([]).describe('Other paces for some repositories'),
  })
  .transform((value) => ({
    deliveriesPerSecond: value.deliveriesPerSecond,
    maxWindowMs: value.maxWindow,
    burst: value.burst,
    allowNone: value.allowNone ?? false,
    priority: value.priority,
    exceptions: value.rules,
  }));

const limits = z
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
      .describe('A subscriber is asked to come back after about this long; default: never'),
  })
  .transform((value) => ({
    connections: value.connections,
    connectionsPerAddress: value.connectionsPerAddress,
    newConnectionsPerSecond: value.newConnectionsPerSecond,
    subscriptionsPerConnection: value.subscriptionsPerConnection,
    repositoriesPerSubscription: value.repositoriesPerSubscription,
    tagsPerSubscription: value.tagsPerSubscription,
    globsPerConnection: value.globsPerConnection,
    globsPerClient: value.globsPerClient,
    globs: value.globs,
    filterBytesPerConnection: value.filterMemoryPerConnection,
    filterBytesPerClient: value.filterMemoryPerClient,
    filterBytes: value.filterMemory,
    messagesPerSecond: value.messagesPerSecond,
    maxMessageBytes: value.maxMessage,
    maxBodyBytes: value.maxBody,
    maxBacklogBytes: value.maxBacklog,
    stalledTimeoutMs: value.stalledTimeout,
    headerTimeoutMs: value.headerTimeout,
    requestTimeoutMs: value.requestTimeout,
    idleTimeoutMs: value.idleTimeout,
    heartbeatIntervalMs: value.heartbeatInterval,
    longPollMaxWaitMs: value.longPollMaxWait,
    connectionLifetimeMs: value.connectionLifetime,
  }));

const drain = z
  .strictObject({
    window: duration('0s', '10m')
      .prefault('10s')
      .describe('After SIGTERM, subscribers are closed evenly over this time'),
  })
  .transform((value) => ({ windowMs: value.window }));

const log = z.strictObject({
  level: choice(['debug', 'info', 'warn', 'error', 'silent'])
    .default('info')
    .describe('Lines less severe than this are not logged'),
});

const cors = z.strictObject({
  origins: list(origin(), 'origins', maxPatterns)
    .default([])
    .describe('Browser origins that may subscribe, over HTTP and WebSocket'),
});

export const settingsSchema = z.strictObject({
  listen: listenAddress().prefault('127.0.0.1:8080').describe('Where to listen, `HOST:PORT`'),
  ledger,
  defaultRegistry: registryHost().default('docker.io').describe('Registry of a bare repository name'),
  retention: retention.prefault({}),
  registries,
  webhooks,
  watch: watches,
  access,
  hosts: list(hostName(), 'host names', maxPatterns)
    .default([])
    .describe(
      'Names in `Host` that this gateway answers to, besides loopback names, IP addresses and the hosts of `cors.origins`. Default: none with open access and no `trustProxy`, else any',
    ),
  cors: cors.prefault({}),
  pace: pace.prefault({}),
  limits: limits.prefault({}),
  drain: drain.prefault({}),
  log: log.prefault({}),
  trustProxy: list(network(), 'addresses', maxPatterns)
    .default([])
    .describe('Proxies whose `X-Forwarded-For` counts: addresses or CIDR ranges'),
});
