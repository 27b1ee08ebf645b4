/** The `registries` and `watch` sections: which registries to poll, how often, and what in them. */
import { z } from 'zod';
import { listers } from '../source/poll/listers/listers.ts';
import { parseDurationMs } from './settings/quantities.ts';
import { isRawObject, type Raw } from './settings/tree.ts';
import {
  basicUser,
  choice,
  duration,
  flag,
  httpUrl,
  integer,
  list,
  rate,
  registryHost,
  rename,
  secret,
  serviceHost,
  text,
} from './settings/values.ts';

const maxRegistries = 1_000;
const maxWatches = 100_000;
const maxTagsPerWatch = 100;
const standardIntervals = { interval: '60s', minInterval: '15s', maxInterval: '15m' };

const poll = z
  .strictObject({
    interval: duration('1s', '7d')
      .prefault(standardIntervals.interval)
      .describe('Time between two checks of one repository, at first'),
    minInterval: duration('1s', '7d')
      .prefault(standardIntervals.minInterval)
      .describe('The interval never falls below this after a change; default: at most `interval`'),
    maxInterval: duration('1s', '30d')
      .prefault(standardIntervals.maxInterval)
      .describe('The interval never grows above this while nothing changes; default: at least `interval`'),
    requestsPerSecond: rate(0.01, 100_000)
      .default(10)
      .describe('Requests a second to this registry, over all gateways'),
    concurrency: integer(1, 1_000).default(8).describe('Requests under way at once'),
    onDemand: flag().default(false).describe('Also poll repositories that a live subscription names exactly'),
    reserve: integer(0, 1_000_000)
      .default(10)
      .describe('Always leave this many requests of the quota unused (`ratelimit-remaining`)'),
  })
  .transform(rename({ interval: 'intervalMs', minInterval: 'minIntervalMs', maxInterval: 'maxIntervalMs' }));

const registry = z.strictObject({
  host: registryHost().describe('The registry, as references name it; only these are ever contacted'),
  kind: choice([...listers.keys()])
    .optional()
    .describe('Which registry it is, if it has a cheaper way to list tags. Default: by host'),
  plainHttp: flag().default(false).describe('Speak HTTP without TLS, credentials included'),
  username: basicUser().optional().describe('User name for the registry'),
  password: secret('a password or access token').optional().describe('Password or access token'),
  dockerConfig: text('the path of a file')
    .optional()
    .describe("Docker's `config.json` to take credentials from, if no user name is given"),
  caFile: text('the path of a PEM file').optional().describe('More certificate authorities to trust, PEM'),
  insecureSkipVerify: flag().default(false).describe('Trust any certificate: for tests only'),
  endpoint: httpUrl().optional().describe('Base URL to ask instead of `https://HOST`'),
  metadataEndpoint: httpUrl()
    .optional()
    .describe('Base URL of the metadata API of Docker Hub, Quay or Harbor; default: that of `kind`'),
  tokenService: serviceHost()
    .optional()
    .describe(
      "Host and port of the token service (the `realm` in the registry's challenge); then no other one gets the credentials. Default: the registry's own host and port, or any public address",
    ),
  trustWebhooks: flag()
    .default(false)
    .describe(
      'Answer what webhooks said of this registry without asking it, however long ago (`facade.maxAge`). Only if all its pushes and deletions come by webhook: deliveries can get lost',
    ),
  allowPrivateRedirects: flag().default(false).describe('Follow redirects to private and loopback addresses'),
  platforms: flag()
    .default(false)
    .describe(
      'Learn for each change of a tag which platforms moved: one GET for each new digest, a pull on Docker Hub. See `platforms.timeout`',
    ),
  poll: poll.prefault({}),
});

const watch = z.strictObject({
  repository: text('a repository, as in registry.example.com/team/app', /^[^\s*@]+$/).describe(
    'Repository to poll, `host/name`; a bare name is in `defaultRegistry`. Its registry must be in `registries`',
  ),
  tags: list(text('a tag or a glob', /^[A-Za-z0-9._*-]{1,128}$/), 'tags or globs', maxTagsPerWatch)
    .min(1, { error: 'must have at least one' })
    .default(['*'])
    .describe('Tags to watch: exact or glob'),
  announceExisting: flag()
    .default(false)
    .describe('Announce the tags that the first check finds, instead of only remembering them'),
  platforms: flag().default(false).describe('As `registries[].platforms`, for these tags'),
  manifests: flag()
    .default(false)
    .describe(
      'Keep the manifest of each new digest of these tags: one GET each, a pull on Docker Hub. See `manifests.maxBytes`',
    ),
});

/** The `registries` section. */
export const registries = list(registry, 'registries', maxRegistries).prefault([]);
/** The `watch` section. */
export const watches = list(watch, 'repositories to watch', maxWatches).prefault([]);

/** Adjusts absent bounds of polling to a given interval, or the reverse. Given values stay, even wrong ones. */
export function derivePollIntervals(registries: Raw): Raw {
  if (!Array.isArray(registries)) return registries;
  return registries.map((registry: Raw) =>
    isRawObject(registry) && isRawObject(registry.poll)
      ? { ...registry, poll: derive(registry.poll) }
      : registry,
  );
}

function derive(poll: Readonly<Record<string, Raw>>): Raw {
  const { interval, minInterval, maxInterval } = poll;
  const atLeast = shorter(interval ?? maxInterval, standardIntervals.minInterval);
  const atMost = longer(interval ?? minInterval, standardIntervals.maxInterval);
  const start = longer(minInterval, shorter(maxInterval, standardIntervals.interval));
  return { interval: start, minInterval: atLeast, maxInterval: atMost, ...poll };
}

function shorter(given: Raw | undefined, usual: string): string {
  return msOf(given) < msOf(usual) ? String(given) : usual;
}

function longer(given: Raw | undefined, usual: string): string {
  return msOf(given) > msOf(usual) ? String(given) : usual;
}

/** NaN if it is no duration: neither shorter nor longer than anything. */
function msOf(value: Raw | undefined): number {
  return (typeof value === 'string' ? parseDurationMs(value) : null) ?? Number.NaN;
}
