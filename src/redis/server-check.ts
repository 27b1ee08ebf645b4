import type { Redis } from 'ioredis';
import { unavailable } from '../errors.ts';
import type { Log } from '../lib/log.ts';

const minMajorVersion = 7;

/** Warns of a Redis that may lose acknowledged pushes. @throws UNAVAILABLE if it is older than 7 */
export async function assertServer(client: Redis, log: Log): Promise<void> {
  const info = await client.info('server');
  const version = /redis_version:(\d+)[^\r\n]*/.exec(info);
  if (version !== null && Number(version[1]) < minMajorVersion) {
    const message = `open the ledger: ${version[0]}: must be Redis ${minMajorVersion} or newer, or Valkey`;
    throw unavailable(message);
  }
  const memory = await client.info('memory').catch(() => '');
  const policy = /maxmemory_policy:(allkeys-\w+)/.exec(memory)?.[1];
  if (policy !== undefined && !/maxmemory:0\r?\n/.test(memory))
    log.warn({ policy }, 'open the ledger: Redis may evict parts of it: maxmemory-policy must be noeviction');
  const risk = await persistenceRisk(client);
  if (risk !== null) log.warn({}, `open the ledger: ${risk} (docs/operating.md, Redis)`);
}

/** Which acknowledged pushes this Redis may lose, and what to set; null: none, or unknown. */
async function persistenceRisk(client: Redis): Promise<string | null> {
  const [persistence, save, fsync] = await Promise.all([
    client.info('persistence').catch(() => ''),
    // Hosted Redis often forbids CONFIG.
    client.config('GET', 'save').catch(() => null),
    client.config('GET', 'appendfsync').catch(() => null),
  ]);
  if (/aof_enabled:1/.test(persistence))
    return settingOf(fsync) === 'everysec' || settingOf(fsync) === 'no'
      ? 'Redis writes its append-only file once a second or less: if its machine fails, acknowledged pushes of the last seconds are lost: set "appendfsync always"'
      : null;
  if (!/aof_enabled:0/.test(persistence)) return null;
  const loss =
    settingOf(save) === ''
      ? 'all changes and acknowledged pushes are lost'
      : 'acknowledged pushes since its last snapshot are lost';
  return `Redis has no append-only file: if it restarts, ${loss}: set "appendonly yes" and "appendfsync always"`;
}

/** The value in the answer to CONFIG GET of one setting: `['save', '3600 1']`. */
function settingOf(answer: unknown): unknown {
  return Array.isArray(answer) ? answer[1] : null;
}
