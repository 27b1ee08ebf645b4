/** Each key with its rule, default and description. Keys carry no unit (`60s` has its own); the parsed values do. */
import { z } from 'zod';
import { access, cors, hosts, trustProxy } from './access.ts';
import { facade, manifests } from './facade.ts';
import { ledger } from './ledger.ts';
import { limits } from './limits.ts';
import { pace } from './pace.ts';
import { platforms } from './platforms.ts';
import { registries, watches } from './registries.ts';
import { SettingsTree } from './settings/tree.ts';
import {
  choice,
  duration,
  flag,
  integer,
  listenAddress,
  registryHost,
  rename,
  text,
} from './settings/values.ts';
import { targets } from './targets.ts';
import { webhooks } from './webhooks.ts';

const retention = z
  .strictObject({
    maxChanges: integer(1, 1_000_000_000)
      .default(1_000_000)
      .describe('Changes kept at most; what is over goes within 30 s'),
    maxAge: duration('1m', '3650d').prefault('30d').describe('Age of the oldest change kept'),
  })
  .transform(rename({ maxAge: 'maxAgeMs' }));

const drain = z
  .strictObject({
    window: duration('0s', '10m')
      .prefault('10s')
      .describe('After SIGTERM, subscribers are closed evenly over this time'),
  })
  .transform(rename({ window: 'windowMs' }));

const ui = z.strictObject({
  enabled: flag()
    .default(true)
    .describe('Serve the dashboard at `/ui/`, and redirect browsers from `/` to it'),
});

const log = z.strictObject({
  level: choice(['debug', 'info', 'warn', 'error', 'silent'])
    .default('info')
    .describe('Lines less severe than this are not logged'),
});

/** The whole configuration. */
export const settingsSchema = z.strictObject({
  name: text('1 to 100 letters, digits, ".", "_" or "-"', /^[A-Za-z0-9._-]{1,100}$/)
    .optional()
    .describe('Name of this gateway in its answers; default: the name of the host'),
  listen: listenAddress().prefault('127.0.0.1:8080').describe('Where to listen, `HOST:PORT`'),
  ledger,
  defaultRegistry: registryHost().prefault('docker.io').describe('Registry of a bare repository name'),
  retention: retention.prefault({}),
  registries,
  webhooks,
  targets,
  watch: watches,
  platforms: platforms.prefault({}),
  access,
  hosts,
  cors: cors.prefault({}),
  pace: pace.prefault({}),
  facade: facade.prefault({}),
  manifests,
  limits: limits.prefault({}),
  drain: drain.prefault({}),
  log: log.prefault({}),
  trustProxy,
  ui: ui.prefault({}),
});

/** Variables of subscribers: the gateway to ask, the token to show, and the change that a command gets. */
const ofSubscribers = /^(?:URL|TOKEN|TOKEN_FILE|CHANGE_[A-Z_]+)$/;

/** The schema as a tree of settings. */
export const settings = new SettingsTree(settingsSchema, 'MANIFEED_', ofSubscribers);
