import { statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { sizeOf } from './damage.ts';

/** Bytes of the file with its write-ahead log, and what it may still take. @param maxBytes null: as the disk allows */
export function fileSize(
  path: string,
  maxBytes: number | null,
): { readonly bytes: number; readonly freeBytes: number } {
  const bytes = sizeOf(path) + sizeOf(`${path}-wal`);
  const { bavail, bsize } = statfsSync(dirname(path));
  const onDisk = bavail * bsize;
  return { bytes, freeBytes: maxBytes === null ? onDisk : Math.max(0, Math.min(onDisk, maxBytes - bytes)) };
}
