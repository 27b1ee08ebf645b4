import { createServer } from 'node:net';

/** Below the ports that systems assign (Linux: from 32768), so that no outgoing connection gets it. */
const lowest = 15_000;
/** Vitest numbers its workers from 1 (`VITEST_POOL_ID`). Each takes ports of a share of its own. */
const shares = 8;
const portsPerShare = 2_000;
const attempts = 50;

/** What this process has given out. Two servers that start at once must not get the same port. */
const given = new Set<number>();

/**
 * A port of 127.0.0.1 for a server in another process. If the kernel chose the port, an outgoing connection could
 * take it between its release here and its use there. No other worker of this run gets it, nor does a second caller
 * in this one.
 */
export async function freePort(): Promise<number> {
  const share = Number(process.env.VITEST_POOL_ID ?? 0) % shares;
  const first = lowest + share * portsPerShare;
  for (let attempt = 0; attempt < attempts; attempt++) {
    const port = first + Math.floor(Math.random() * portsPerShare);
    if (given.has(port)) continue;
    given.add(port);
    if (await isFree(port)) return port;
  }
  throw new Error(`find a free port: ${attempts} of ${first} to ${first + portsPerShare - 1} are taken`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
