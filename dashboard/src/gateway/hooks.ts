import { list, nullable, object, type Read, string } from '../lib/read.ts';

/** `GET /v1/hooks`, as much of it as tells where a script can publish. */
export const readHooks = object({
  hooks: list(object({ name: string, kind: string, url: string })),
  next: nullable(string),
});

export type HookPlaces = Read<typeof readHooks>;
