import { access, constants, statfs } from 'node:fs/promises';
import { readOpenFiles } from '../../access/descriptors.ts';
import type { Machine } from './means.ts';

/** The machine of this process. */
export const thisMachine: Machine = {
  async freeBytes(folder) {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  },
  isWritable: (folder) =>
    access(folder, constants.W_OK).then(
      () => true,
      () => false,
    ),
  openFiles: readOpenFiles,
};
