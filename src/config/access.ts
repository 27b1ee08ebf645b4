/** The sections `access`, `cors`, `hosts` and `trustProxy`: who may use the gateway, and under which host names. */
import { z } from 'zod';
import {
  choice,
  flag,
  hostName,
  list,
  maxListed,
  network,
  origin,
  repositoryPattern,
  text,
} from './settings/values.ts';

const maxTokens = 10_000;

const token = z.strictObject({
  name: text('a name').describe('Who has the token; appears in logs'),
  // Secret, because someone may put the token itself here; no error and no print may show it.
  sha256: text('64 hexadecimal digits, made by `manifeed token`', /^[a-f0-9]{64}$/)
    .meta({ secret: true })
    .describe('SHA-256 of the token; `manifeed token` makes one'),
  repositories: list(repositoryPattern(), 'repositories or globs', maxListed)
    .min(1, { error: 'must have at least one' })
    .default(['**'])
    .describe('What it may subscribe to'),
  unpaced: flag().default(false).describe('It may use `pace=none`'),
  admin: flag()
    .default(false)
    .describe(
      'It may use `GET /v1/status`, `/v1/subscribers`, `/v1/hooks`, `/v1/upstreams` and `/v1/targets`, `POST /v1/targets/…`, `PUT /v1/pace` and `GET /metrics`',
    ),
  metrics: flag().default(false).describe('It may use `GET /metrics`, which names repositories'),
});

/** The `access` section. */
export const access = z
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

/** The `cors` section. */
export const cors = z.strictObject({
  origins: list(origin(), 'origins', maxListed)
    .default([])
    .describe('Browser origins that may subscribe, over HTTP and WebSocket'),
});

/** The `hosts` list. */
export const hosts = list(hostName(), 'host names', maxListed)
  .default([])
  .describe(
    'Names in `Host` that this gateway answers to, besides loopback names, IP addresses and the hosts of `cors.origins`. Default: none with open access and no `trustProxy`, else any',
  );

/** The `trustProxy` list. */
export const trustProxy = list(network(), 'addresses', maxListed)
  .default([])
  .describe(
    'Proxies whose `X-Forwarded-For`, `X-Forwarded-Proto` and `X-Forwarded-Prefix` count: addresses or CIDR ranges. If set, others can reach the gateway: set tokens under `access`',
  );
