import { open, readFile, rename } from 'node:fs/promises';
import { isPosition, type PositionStore } from '../store/store.ts';

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
      if (isPosition(position)) return position;
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
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}
