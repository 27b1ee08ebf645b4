import type { Redis } from 'ioredis';

/** Which acknowledged pushes a Redis may lose. */
export interface PersistenceRisk {
  /** How, as a sentence without its full stop. */
  readonly cause: string;
  /** What to set, as the end of a sentence. */
  readonly remedy: string;
}

/** Null: it loses none, or that is not known. */
export async function persistenceRisk(client: Redis): Promise<PersistenceRisk | null> {
  const [persistence, save, fsync] = await Promise.all([
    client.info('persistence').catch(() => ''),
    // Hosted Redis often forbids CONFIG.
    client.config('GET', 'save').catch(() => null),
    client.config('GET', 'appendfsync').catch(() => null),
  ]);
  if (/aof_enabled:1/.test(persistence)) {
    if (settingOf(fsync) !== 'everysec' && settingOf(fsync) !== 'no') return null;
    return {
      cause:
        'Redis writes its append-only file once a second or less: if its machine fails, acknowledged pushes of the last seconds are lost',
      remedy: 'set "appendfsync always"',
    };
  }
  if (!/aof_enabled:0/.test(persistence)) return null;
  const loss =
    settingOf(save) === ''
      ? 'all changes and acknowledged pushes are lost'
      : 'acknowledged pushes since its last snapshot are lost';
  return {
    cause: `Redis has no append-only file: if it restarts, ${loss}`,
    remedy: 'set "appendonly yes" and "appendfsync always"',
  };
}

/** The value in the answer to CONFIG GET of one setting: `['save', '3600 1']`. */
function settingOf(answer: unknown): unknown {
  return Array.isArray(answer) ? answer[1] : null;
}
