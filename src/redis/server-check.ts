import type { Redis } from 'ioredis';
import { unavailable } from '../errors.ts';
import type { Log } from '../lib/log.ts';
import { persistenceRisk } from './persistence.ts';

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
  if (risk !== null)
    log.warn({}, `open the ledger: ${risk.cause}: ${risk.remedy} (docs/operating.md, Redis)`);
}
