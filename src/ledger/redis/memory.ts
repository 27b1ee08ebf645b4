import type { RedisLink } from '../../redis/link.ts';
import { type Storage, unknownStorage } from '../storage.ts';

/** What Redis uses in all: to ask for the size of each of our keys would take it seconds. @throws UNAVAILABLE */
export async function redisMemory(link: RedisLink): Promise<Storage> {
  // Hosted Redis may forbid INFO.
  const info = await link.use('ask Redis for its memory', (client) => client.info('memory').catch(() => ''));
  return readMemory(info);
}

/** @param info the answer to INFO memory */
export function readMemory(info: string): Storage {
  const used = /^used_memory:(\d+)/m.exec(info)?.[1];
  if (used === undefined) return unknownStorage;
  const bytes = Number(used);
  const most = Number(/^maxmemory:(\d+)/m.exec(info)?.[1] ?? 0);
  return { bytes, freeBytes: most === 0 ? null : Math.max(0, most - bytes), damage: null };
}
