import { join } from 'node:path';
import { type Installed, installClient } from './installed.ts';
import type { FollowOptions, Runner, Told } from './runner.ts';

interface Follower {
  follow(options: FollowOptions): { told: Told; reconnect(): void; close(): Promise<void> };
}

/** Runs the installed client in this process. */
export async function nodeRunner(): Promise<Runner & { readonly installed: Installed }> {
  const installed = installClient();
  const { follow }: Follower = await import(join(installed.folder, 'follower.mjs'));
  const open = new Set<{ close(): Promise<void> }>();
  return {
    origin: null,
    installed,
    async follow(options) {
      const feed = follow(options);
      open.add(feed);
      return { told: async () => feed.told, reconnect: async () => feed.reconnect(), close: feed.close };
    },
    async close() {
      for (const each of open) await each.close();
      installed.remove();
    },
  };
}
