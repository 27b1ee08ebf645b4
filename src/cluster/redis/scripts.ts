import type { RedisConnections } from '../../redis/connections.ts';
import { ScriptRunner } from '../../redis/runner.ts';
import { luaFiles, readScripts, type ScriptParts, sharedParts } from '../../redis/scripts.ts';

const names = ['schedule', 'budget', 'presence'] as const;

/** Runs the cluster's scripts. Each file in `lua/` states its contract at its head. */
export type ClusterScripts = ScriptRunner<(typeof names)[number]>;

/** What the parts of one gateway's cluster have in common. */
export interface ClusterParts extends Pick<RedisConnections, 'clock' | 'random' | 'log' | 'damage'> {
  readonly scripts: ClusterScripts;
  /** This gateway's name, new at each start. */
  readonly node: string;
}

/** Reads the scripts. @throws Node's error if a file is missing */
export async function openClusterScripts(redis: RedisConnections): Promise<ClusterScripts> {
  const parts = names.map((name): [typeof name, ScriptParts] => [
    name,
    [...sharedParts('common', 'guard', 'clock'), ...luaFiles(import.meta.url, ['steady', name])],
  ]);
  return new ScriptRunner({ redis, scripts: await readScripts(new Map(parts)) });
}
