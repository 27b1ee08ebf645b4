import { open, rename } from 'node:fs/promises';
import { isPosition, type PositionStore } from '../store/store.ts';

/** Bytes that are read: a position is far shorter. The path may name a device, which never ends. */
const maxBytes = 1_024;

/**
 * Keeps the position in a file of one line. It is written beside the file and renamed, so after a crash the file has the
 * position before or after, never a part of one.
 */
export function fileStore(path: string): PositionStore {
  return {
    async load() {
      const text = await readOrNothing(path);
      if (text === null) return null;
      const position = text.trim();
      if (text.length < maxBytes && isPosition(position)) return position;
      // Beginning live would pass over changes in silence.
      throw new Error(
        `${path}: ${JSON.stringify(position.slice(0, 100))}: must be a position, or be deleted`,
      );
    },
    async save(position) {
      const next = `${path}.new`;
      const file = await open(next, 'w');
      try {
        await file.writeFile(`${position}\n`);
        // Without this a power cut may leave the new name with nothing in it.
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(next, path);
    },
  };
}

async function readOrNothing(path: string): Promise<string | null> {
  try {
    const file = await open(path);
    try {
      const { bytesRead, buffer } = await file.read(new Uint8Array(maxBytes), 0, maxBytes, 0);
      return new TextDecoder().decode(buffer.subarray(0, bytesRead));
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}
