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
    const refuse = (key: string, message: string) => {
      context.addIssue({ code: 'custom', path: [key], message });
      return z.NEVER;
    };
    const isGiven = url !== undefined || rest.sentinels !== undefined || rest.cluster !== undefined;
    if (!isGiven) return refuse('url', `must be ${urlRule}`);
    if (url === undefined || /^rediss?:/.test(url)) {
      const fault = faultOfRedisUrl(url ?? 'redis://', rest.cluster !== undefined);
      return fault === null
        ? { kind: 'redis' as const, url: url ?? 'redis://', ...rest }
        : refuse('url', fault);
    }
    // An operator who gives these believes that the ledger is in Redis.
    const foreign = [
      rest.sentinels && 'sentinels',
      rest.cluster && 'cluster',
      rest.minReplicas > 0 && 'minReplicas',
    ].filter((key) => typeof key === 'string');
    for (const key of foreign) refuse(key, 'must be left out, because url is not that of a Redis');
    if (foreign.length > 0) return z.NEVER;
    if (url.startsWith('sqlite:')) return { kind: 'sqlite' as const, path: url.slice('sqlite:'.length) };
    return { kind: 'memory' as const };
  })
  .prefault({ url: defaultLedgerUrl })
  .meta({ shorthand: 'url' });

/** What is wrong with the URL of a Redis; null if nothing is. */
function faultOfRedisUrl(text: string, isCluster: boolean): string | null {
  const plain = `must be ${urlRule} without "?" and "#"`;
  const instead = 'what a URL cannot hold as it is goes into ledger.username and ledger.password';
  // The client would take options from it, even a password, which nothing here checks or hides.
  if (/[?#]/.test(text)) return `${plain}: ${instead}`;
  const url = URL.parse(text);
  if (url === null || !isDecodable(url.username) || !isDecodable(url.password))
    return `must be ${urlRule}: ${instead}`;
  const database = url.pathname.replace(/^\//, '');
  if (!/^[0-9]{0,6}$/.test(database)) return `must be ${urlRule}, with the number of the database at its end`;
  if (isCluster && Number(database) !== 0)
    return 'must have the database 0, because a Redis Cluster has no other';
  return null;
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}
