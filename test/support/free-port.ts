import { createServer } from 'node:net';

/** Below what systems give out by themselves (Linux: from 32768 on), so that nobody is given it meanwhile. */
const lowest = 15_000;
const highest = 32_000;
const attempts = 50;

/**
 * A port of 127.0.0.1 for a server of another process. The kernel's own choice would be taken now and then,
 * between its release here and its use there, by somebody's outgoing connection.
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
