/** Makes the files that a process killed during a checkpoint leaves (SQLite, "WAL-mode File Format"). */
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';

const logHeaderBytes = 32;
const frameHeaderBytes = 24;

/**
 * Copies half of the pages in the write-ahead log into the database, as a checkpoint does: by page number, the
 * newest committed version of each. The log stays.
 *
 * @returns how many pages were copied
 */
export function checkpointHalf(path: string): number {
  const log = readFileSync(`${path}-wal`);
  const pageBytes = log.readUInt32BE(8);
  const salts = log.subarray(16, 24);
  const pages = new Map<number, Buffer>();
  let open = new Map<number, Buffer>();
  const frameBytes = frameHeaderBytes + pageBytes;
  for (let at = logHeaderBytes; at + frameBytes <= log.length; at += frameBytes) {
    if (!log.subarray(at + 8, at + 16).equals(salts)) break;
    open.set(log.readUInt32BE(at), log.subarray(at + frameHeaderBytes, at + frameBytes));
    // The size of the database after the commit that this frame ends; 0 inside a transaction.
    if (log.readUInt32BE(at + 4) === 0) continue;
    for (const [page, bytes] of open) pages.set(page, bytes);
    open = new Map();
  }
  const half = [...pages].sort(([a], [b]) => a - b).slice(0, Math.ceil(pages.size / 2));
  const file = openSync(path, 'r+');
  for (const [page, bytes] of half) writeSync(file, bytes, 0, pageBytes, (page - 1) * pageBytes);
  closeSync(file);
  return half.length;
}
