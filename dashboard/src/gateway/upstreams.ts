import { boolean, line, list, nullable, number, object, type Read, string } from '../lib/read.ts';

const repository = object({
  repository: string,
  watched: boolean,
  /** Subscribers name tags and globs, too. */
  scopes: list(line(300)),
  lastLook: nullable(string),
  nextLook: nullable(string),
  intervalMs: number,
  failures: number,
  /** It may quote the registry. */
  lastError: nullable(line(1_000)),
});

const upstream = object({
  registry: string,
  requestsPerSecond: number,
  breaker: string,
  backoffMs: number,
  total: number,
  due: number,
  failing: number,
  repositories: list(repository),
});

/** `GET /v1/upstreams` (PROTOCOL.md, section 12). */
export const readUpstreams = object({ upstreams: list(upstream), gateway: string });

export type Upstream = Read<typeof upstream>;
export type PolledRepository = Read<typeof repository>;
