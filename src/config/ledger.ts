/** The `ledger` section: a URL, or an object if Redis needs more than a URL. */
import { z } from 'zod';
import { integer, list, secret, text } from './settings/values.ts';

export type LedgerConfig =
  | { readonly kind: 'memory' }
  | {
      readonly kind: 'sqlite';
      /** Relative to the working directory. */
      readonly path: string;
    }
  | RedisLedgerConfig;

export interface RedisLedgerConfig {
  readonly kind: 'redis';
  /** With `sentinels` or `cluster`, only its scheme, database and credentials count. */
  readonly url: string;
  /** `host:port` */
  readonly sentinels?: readonly string[];
  /** The name under which Sentinel knows the primary. */
  readonly name?: string;
  /** `host:port` of some of the nodes. */
  readonly cluster?: readonly string[];
  readonly username?: string;
  readonly password?: string;
  /** PEM content of `caFile`. */
  readonly ca?: string;
  readonly caFile?: string;
  /** Replicas that must have a change before it is acknowledged; 0 for none. */
  readonly minReplicas: number;
  readonly keyPrefix: string;
}

const defaultLedgerUrl = 'sqlite:./data/manifeed.db';

const urlRule = 'memory, sqlite:PATH or redis://HOST:PORT/0';
const nodes = () =>
  list(text('host:port', /^(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):[0-9]{1,5}$/), 'host:port', 100);

const members = z.strictObject({
  url: text(urlRule, /^(?:memory:?|sqlite:.+|rediss?:\/\/.*)$/s)
    .optional()
    .describe(
      'Where changes are kept: `memory`, `sqlite:PATH` or `redis://HOST:PORT/0` (`rediss://` for TLS). Together with the keys below, write it as `ledger.url`',
    )
    .meta({ secret: 'url' }),
  sentinels: nodes().optional().describe('Redis Sentinel: `host:port` of each'),
  name: text('a name')
    .optional()
    .describe('Redis Sentinel: the name that it gives the primary; default `mymaster`'),
  cluster: nodes().optional().describe('Redis Cluster: `host:port` of some nodes'),
  username: text('a user name').optional().describe('Redis user, if it is not in the URL'),
  password: secret('a password').optional().describe('Redis password, if it is not in the URL'),
  caFile: text('the path of a PEM file')
    .optional()
    .describe('Redis over TLS: certificate authorities to trust, PEM'),
  minReplicas: integer(0, 10)
    .default(0)
    .describe('Redis: replicas that must have a change before it is acknowledged'),
  keyPrefix: text('1–64 letters, digits, ".", "_", "-" or ":"', /^[A-Za-z0-9._:-]{1,64}$/)
    .default('manifeed')
    .describe('Redis: prefix of all keys; several ledgers in one Redis need different ones'),
});

/** A string stands for `{ url: string }`. */
export const ledger = z
  .preprocess((value) => (typeof value === 'string' ? { url: value } : value), members)
  .transform((value, context): LedgerConfig => {
    const { url, ...rest } = value;
    if (url === 'memory:' || url === 'memory') return { kind: 'memory' };
    if (url?.startsWith('sqlite:')) return { kind: 'sqlite', path: url.slice('sqlite:'.length) };
    if (url !== undefined && /[?#]/.test(url)) {
      // The client would take options from it, even a password, which nothing here checks or hides.
      const message = `must be ${urlRule} without "?" and "#": what a URL cannot hold as it is goes into ledger.username and ledger.password`;
      context.addIssue({ code: 'custom', path: ['url'], message });
      return z.NEVER;
    }
    const nodesGiven = rest.sentinels !== undefined || rest.cluster !== undefined;
    if (url !== undefined || nodesGiven) {
      const { sentinels, name, cluster, username, password, caFile } = rest;
      return {
        kind: 'redis',
        url: url ?? 'redis://',
        minReplicas: rest.minReplicas,
        keyPrefix: rest.keyPrefix,
        ...(sentinels && { sentinels }),
        ...(name && { name }),
        ...(cluster && { cluster }),
        ...(username && { username }),
        ...(password && { password }),
        ...(caFile && { caFile }),
      };
    }
    context.addIssue({ code: 'custom', path: ['url'], message: `must be ${urlRule}` });
    return z.NEVER;
  })
  .prefault({ url: defaultLedgerUrl })
  .meta({ shorthand: 'url' });
