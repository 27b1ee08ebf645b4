/** What the gateway answers about its index (PROTOCOL.md, sections 2 and 9), as much of it as the page shows. */
import { boolean, list, nullable, number, object, type Read, record, string } from '../lib/read.ts';

export const readChange = object({
  position: string,
  type: string,
  registry: string,
  repository: string,
  tag: nullable(string),
  digest: nullable(string),
  previousDigest: nullable(string),
  mediaType: nullable(string),
  size: nullable(number),
  occurredAt: string,
  recordedAt: string,
  origin: string,
  platforms: nullable(record(string)),
});

const tagRow = object({
  registry: string,
  repository: string,
  tag: string,
  digest: nullable(string),
  mediaType: nullable(string),
  size: nullable(number),
  firstSeenAt: string,
  updatedAt: string,
});

const repositoryRow = object({
  registry: string,
  repository: string,
  tags: number,
  polled: boolean,
  listed: nullable(object({ readAt: nullable(string) })),
  lastChange: nullable(object({ recordedAt: string })),
});

export const readChanges = object({ changes: list(readChange), next: nullable(string), floor: string });
export const readTags = object({ tags: list(tagRow), next: nullable(string) });
export const readRepositories = object({ repositories: list(repositoryRow), next: nullable(string) });

export type ChangeRow = Read<typeof readChange>;
export type TagRow = Read<typeof tagRow>;
export type RepositoryRow = Read<typeof repositoryRow>;
