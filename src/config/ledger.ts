/** The `ledger` section: a URL, or an object if Redis needs more than a URL. */
import { z } from 'zod';
import { integer, list, secret, text } from './settings/values.ts';

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

/**
 * Where changes are kept; a string stands for `{ url: string }`. Of the URL of a Redis with `sentinels` or `cluster`,
 * only scheme, database and credentials count. A path of SQLite is relative to the working directory.
 */
export const ledger = z
  .preprocess((value) => (typeof value === 'string' ? { url: value } : value), members)
  .transform(({ url, ...rest }, context) => {
    if (url === 'memory:' || url === 'memory') return { kind: 'memory' as const };
    if (url?.startsWith('sqlite:')) return { kind: 'sqlite' as const, path: url.slice('sqlite:'.length) };
    const isGiven = url !== undefined || rest.sentinels !== undefined || rest.cluster !== undefined;
    // The client would take options from it, even a password, which nothing here checks or hides.
    const isPlain = !/[?#]/.test(url ?? '');
    if (isGiven && isPlain) return { kind: 'redis' as const, url: url ?? 'redis://', ...rest };
    const instead = 'what a URL cannot hold as it is goes into ledger.username and ledger.password';
    const message = `must be ${urlRule}${isPlain ? '' : ` without "?" and "#": ${instead}`}`;
    context.addIssue({ code: 'custom', path: ['url'], message });
    return z.NEVER;
  })
  .prefault({ url: defaultLedgerUrl })
  .meta({ shorthand: 'url' });
