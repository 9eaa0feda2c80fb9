import { randomUUID } from 'node:crypto';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  UploadPartCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { mapLimited } from './limits.js';
import { isMissingUpload } from './s3Errors.js';

/** User metadata that tells one write of an object from another of the same content. */
export const writeIdName = 'rgsweep-write';

const mebibyte = 1024 * 1024;
/** Up to here an object is one request. */
export const singleRequestBytes = 16 * mebibyte;
/** S3's own limit. */
const maximumParts = 10_000;
/** Parts in memory at a time. */
const parallelParts = 3;

export interface PartedUpload {
  client: S3Client;
  object: { Bucket: string; Key: string };
  bytes: number;
  readPart: (start: number, length: number) => Promise<Uint8Array>;
  /** Repeats one request while that may help. */
  request: <T>(operation: (attempt: number) => Promise<T>) => Promise<T>;
  tagOfWrite: (writeId: string) => Promise<string | undefined>;
}

/**
 * Writes a large object in parts, each a buffer of its own that can be sent again. The object appears when all parts are
 * there; on failure the parts are removed as far as the server can be reached (a bucket's lifecycle rule for incomplete
 * uploads removes those of a killed process).
 *
 * @returns the object's tag
 */
export async function uploadInParts(upload: PartedUpload): Promise<string> {
  const { client, object, bytes, readPart, request } = upload;
  const partBytes = Math.max(singleRequestBytes, Math.ceil(bytes / maximumParts / mebibyte) * mebibyte);
  const writeId = randomUUID();
  const { UploadId } = await request(() =>
    client.send(
      new CreateMultipartUploadCommand({
        ...object,
        Metadata: { [writeIdName]: writeId },
        // Else a server does not expect the checksums that the SDK adds to the parts.
        ChecksumAlgorithm: 'CRC32',
      }),
    ),
  );
  const target = { ...object, UploadId: UploadId! };
  try {
    const starts = Array.from({ length: Math.ceil(bytes / partBytes) }, (_, index) => index * partBytes);
    const Parts = await mapLimited(starts, parallelParts, async (start, index) => {
      const Body = await readPart(start, Math.min(partBytes, bytes - start));
      const PartNumber = index + 1;
      const sent = await request(() =>
        client.send(new UploadPartCommand({ ...target, PartNumber, Body, ChecksumAlgorithm: 'CRC32' })),
      );
      return {
        PartNumber,
        ETag: sent.ETag,
        ...(sent.ChecksumCRC32 === undefined ? {} : { ChecksumCRC32: sent.ChecksumCRC32 }),
      };
    });
    return await request(async () => {
      try {
        const done = await client.send(
          new CompleteMultipartUploadCommand({ ...target, MultipartUpload: { Parts } }),
        );
        return done.ETag!;
      } catch (error) {
        // The upload is gone once it was completed: the answer to an earlier try was lost.
        const tag = isMissingUpload(error) ? await upload.tagOfWrite(writeId) : undefined;
        if (tag === undefined) throw error;
        return tag;
      }
    });
  } catch (error) {
    await client.send(new AbortMultipartUploadCommand(target)).catch(() => undefined);
    throw error;
  }
}
