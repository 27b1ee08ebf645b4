/**
 * CRC-32 of a stored record's content (RFC 1952, section 8). A disk, a controller or memory can change a bit and
 * report no error; SQLite and Redis do not notice. The sum covers the values that subscribers see, with names
 * written out, so that a changed bit in a table of names is found too.
 *
 * The order of the values is part of the ledger's format: a new value needs a new version of it.
 */
import { crc32 } from 'node:zlib';
import type { Change } from '../event/change.ts';
import type { TagState } from './ledger.ts';

/** An unsigned 32-bit number. One string and one call: feeding the values one by one costs three times as much. */
export function changeChecksum(change: Omit<Change, 'epoch'>): number {
  const { sequence, type, registry, repository, tag, digest, previousDigest, mediaType, size } = change;
  return crc32(
    `${sequence}\n${type}\n${registry}\n${repository}\n${tag}\n${digest}\n${previousDigest}\n${mediaType}\n${size}\n${change.occurredAt}\n${change.recordedAt}\n${change.origin}`,
  );
}

/** As `changeChecksum`, of a row of the index: what a snapshot shows, and whether the tag is there. */
export function tagChecksum(row: TagState & { readonly present: boolean }): number {
  const { registry, repository, tag, digest, mediaType, size, firstSeenAt, updatedAt, sequence } = row;
  return crc32(
    `${registry}\n${repository}\n${tag}\n${row.present}\n${digest}\n${mediaType}\n${size}\n${firstSeenAt}\n${updatedAt}\n${sequence}`,
  );
}
