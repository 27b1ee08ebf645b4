/**
 * CRC-32 of a row's content (RFC 1952, section 8). A disk, a controller or memory can flip a bit without an error,
 * and SQLite does not notice. The sum covers the values that subscribers see. Names enter it by their own sums,
 * computed once per name, so that a flipped bit in a table of names is found too.
 *
 * The order and the form of the values are part of the file format: changing them needs a new schema.
 */
import { crc32 } from 'node:zlib';
import { RecordDamaged } from '../loss.ts';
import type { SqliteNames } from './names.ts';

/** The columns that a change's checksum covers, with names by number. */
export interface SummedChange {
  readonly sequence: number;
  readonly type: number;
  readonly repository_id: number;
  readonly tag: string | null;
  readonly digest: Buffer | null;
  readonly previous_digest: Buffer | null;
  readonly media_type_id: number | null;
  readonly size: number | null;
  readonly occurred_at: number;
  readonly recorded_at: number;
  readonly origin_id: number;
  /** JSON; null: not asked for. */
  readonly platforms: string | null;
  /** JSON; null: not known. */
  readonly moved_platforms: string | null;
}

/** The columns that a tag's checksum covers, with names by number. */
export interface SummedTag {
  readonly repository_id: number;
  readonly name: string;
  readonly present: number;
  readonly digest: Buffer | null;
  readonly media_type_id: number | null;
  readonly size: number | null;
  readonly first_seen_at: number;
  readonly updated_at: number;
  readonly sequence: number;
}

/** An unsigned 32-bit number. */
export function changeChecksum(row: SummedChange, names: SqliteNames): number {
  begin();
  number(row.sequence);
  number(row.type);
  number(names.repositorySum(row.repository_id));
  text(row.tag);
  bytes(row.digest);
  bytes(row.previous_digest);
  number(names.wordSum(row.media_type_id));
  number(row.size);
  number(row.occurred_at);
  number(row.recorded_at);
  number(names.wordSum(row.origin_id));
  // Rows without have the sum that earlier versions wrote.
  if (row.platforms !== null || row.moved_platforms !== null) {
    number(row.platforms === null ? null : crc32(row.platforms));
    number(row.moved_platforms === null ? null : crc32(row.moved_platforms));
  }
  return sum();
}

/** As `changeChecksum`, of a tag. It does not cover what only the ledger's own decisions use. */
export function tagChecksum(row: SummedTag, names: SqliteNames): number {
  begin();
  number(names.repositorySum(row.repository_id));
  text(row.name);
  number(row.present);
  bytes(row.digest);
  number(names.wordSum(row.media_type_id));
  number(row.size);
  number(row.first_seen_at);
  number(row.updated_at);
  number(row.sequence);
  return sum();
}

// One shared buffer: each row is written into it and summed before the next. Strings and a call for each value cost
// three times as much. A tag has at most 128 characters and a digest 65 bytes; a damaged row may have more.
const buffer = Buffer.alloc(4_096);
const view = new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
let length = 0;

function begin(): void {
  length = 0;
}

function sum(): number {
  return crc32(buffer.subarray(0, length));
}

function number(value: number | null): void {
  view.setFloat64(length, value ?? Number.NaN);
  length += 8;
}

function text(value: string | null): void {
  number(value === null ? null : value.length);
  if (value === null) return;
  assertRoom(value.length * 2);
  for (let at = 0; at < value.length; at++, length += 2) view.setUint16(length, value.charCodeAt(at));
}

function bytes(value: Buffer | null): void {
  number(value === null ? null : value.length);
  if (value === null) return;
  assertRoom(value.length);
  buffer.set(value, length);
  length += value.length;
}

function assertRoom(more: number): void {
  if (length + more > buffer.length - 256) throw new RecordDamaged(`a row with a value of ${more} bytes`);
}
