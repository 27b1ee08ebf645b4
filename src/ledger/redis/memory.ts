import type { RedisLink } from '../../redis/link.ts';
import { persistenceRisk } from '../../redis/persistence.ts';
import { type Storage, unknownStorage } from '../storage.ts';

/** What Redis uses in all: to ask for the size of each of our keys would take it seconds. @throws UNAVAILABLE */
export async function redisMemory(link: RedisLink): Promise<Storage> {
  return link.use('ask Redis for its memory', async (client) => {
    // Hosted Redis may forbid INFO.
    const [info, risk] = await Promise.all([client.info('memory').catch(() => ''), persistenceRisk(client)]);
    return { ...readMemory(info), risk };
  });
}

/** @param info the answer to INFO memory */
export function readMemory(info: string): Storage {
  const used = /^used_memory:(\d+)/m.exec(info)?.[1];
  if (used === undefined) return unknownStorage;
  const bytes = Number(used);
  const most = Number(/^maxmemory:(\d+)/m.exec(info)?.[1] ?? 0);
  return { ...unknownStorage, bytes, freeBytes: most === 0 ? null : Math.max(0, most - bytes) };
}
