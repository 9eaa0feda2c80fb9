import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf } from './fileErrors.js';
import { createFileReads } from './fileReads.js';
import { createFileWrites } from './fileWrites.js';
import { smallBytes } from './pace.js';

const reads = createFileReads();
const files = createFileWrites();

async function removeEach(folder: string): Promise<void> {
  for (const entry of await reads.folder(folder)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await removeEach(path);
    // Giving back the blocks of a large file takes long.
    else if (entry.isFile() && (await files.stat(path)).size > smallBytes) await rm(path, { force: true });
    else await files.unlink(path);
  }
  await files.rmdir(folder);
}

/** Removes a local folder with all that is in it; a folder that is not there is no error. */
export async function removeFolder(folder: string): Promise<void> {
  try {
    await removeEach(folder);
  } catch (error) {
    // Somebody may be writing there, or removing it as well.
    if (codeOf(error) !== 'ENOENT' || (await reads.folder(folder)).length > 0)
      await rm(folder, { recursive: true, force: true });
  }
}
