import { messageOf, RgsweepError } from '../errors.js';

/** The system's code of a failed call (`ENOSPC`), or an empty text. */
export function codeOf(error: unknown): string {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  return typeof code === 'string' ? code : '';
}

export function isFullDisk(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT'].includes(codeOf(error));
}

const goesOn = 'trials go on from their last checkpoint';

const explanations: Record<string, { what: string; remedy: string }> = {
  ENOSPC: { what: 'the disk is full', remedy: `free some space, then resume: ${goesOn}` },
  EDQUOT: { what: 'the disk quota is used up', remedy: `free some space, then resume: ${goesOn}` },
  EFBIG: {
    what: 'the file is larger than allowed',
    remedy: 'raise the limit of file sizes (`ulimit -f`), or use another file system',
  },
  EACCES: {
    what: 'permission denied',
    remedy: 'give this user the right to write there, or name another store',
  },
  EPERM: {
    what: 'operation not permitted',
    remedy:
      'use a folder that this user may write to, on a file system with hard links, or name another store',
  },
  EROFS: { what: 'the file system is read-only', remedy: 'mount it writable, or name another store' },
  ENOTDIR: { what: 'something on its path is not a folder', remedy: 'name another folder or key' },
  EISDIR: { what: 'there is a folder of that name', remedy: 'name another key' },
  EEXIST: { what: 'there is a folder of that name', remedy: 'name another key' },
  ENOTEMPTY: { what: 'there is a folder of that name', remedy: 'name another key' },
  ENAMETOOLONG: { what: 'the path is too long', remedy: 'put the store into a folder with a shorter path' },
  EMFILE: { what: 'this process has too many open files', remedy: 'raise the limit (`ulimit -n`)' },
  ENFILE: { what: 'this machine has too many open files', remedy: 'end some programs, or raise the limit' },
  EIO: { what: 'the disk reports an error', remedy: 'check the disk; copy the store elsewhere' },
};

/** Did the local file system fail, as opposed to a network? */
export function isFileError(error: unknown): boolean {
  return Object.hasOwn(explanations, codeOf(error));
}

/** A failed file operation as a sentence: which store, which key, why, and the way out. */
export function explainFileError(error: unknown, url: string, action: string): RgsweepError {
  if (error instanceof RgsweepError) return error;
  const code = codeOf(error);
  const known = explanations[code];
  return new RgsweepError(
    'store-unavailable',
    known
      ? `${url} cannot ${action}: ${known.what} (${code})`
      : `${url} cannot ${action}: ${messageOf(error)}`,
    { cause: error, ...(known ? { remedy: known.remedy } : {}) },
  );
}
