import { createServer } from 'node:net';

/** Below the ports that systems assign (Linux: from 32768), so that no other process gets it. */
const lowest = 15_000;
const highest = 32_000;
const attempts = 50;

/**
 * A port of 127.0.0.1 for a server in another process. If the kernel chose the port, an outgoing connection could
 * take it between its release here and its use there.
 */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < attempts; attempt++) {
    const port = lowest + Math.floor(Math.random() * (highest - lowest));
    if (await isFree(port)) return port;
  }
  throw new Error(`find a free port: ${attempts} of ${lowest} to ${highest} are taken`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
