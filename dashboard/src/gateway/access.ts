import { boolean, list, nullable, object, type Read, string } from '../lib/read.ts';

/** `GET /v1/access`: what the token may do, and who answers (PROTOCOL.md, section 3). */
export const readAccess = object({
  /** Null: the gateway asks for no token. */
  name: nullable(string),
  repositories: list(string),
  admin: boolean,
  metrics: boolean,
  unpaced: boolean,
  defaultRegistry: string,
  gateway: string,
});

export type Access = Read<typeof readAccess>;
