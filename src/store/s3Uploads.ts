import {
  AbortMultipartUploadCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { isMissingUpload } from './s3Errors.js';
import type { Leftover } from './types.js';

interface UnfinishedUploadsInput {
  client: S3Client;
  bucket: string;
  /** Of the store in the bucket: uploads elsewhere belong to others. */
  prefix: string;
  olderThanMilliseconds: number;
  request: <T>(action: string, operation: () => Promise<T>) => Promise<T>;
}

/** Multipart uploads that were begun long ago and never completed: their parts are paid for and belong to no object. */
export async function* unfinishedUploads(input: UnfinishedUploadsInput): AsyncGenerator<Leftover> {
  const { client, bucket, prefix, olderThanMilliseconds, request } = input;
  const below = prefix === '' ? '' : `${prefix}/`;
  let marker: { KeyMarker?: string; UploadIdMarker?: string } | undefined = {};
  while (marker) {
    const from: { KeyMarker?: string; UploadIdMarker?: string } = marker;
    const page = await request('list unfinished uploads', () =>
      client.send(new ListMultipartUploadsCommand({ Bucket: bucket, Prefix: below, ...from })),
    );
    for (const { Key, UploadId, Initiated } of page.Uploads ?? []) {
      if (Key === undefined || UploadId === undefined || !Key.startsWith(below)) continue;
      if (Initiated && Date.now() - Initiated.getTime() < olderThanMilliseconds) continue;
      const target = { Bucket: bucket, Key, UploadId };
      const parts = await request(`list the parts of ${Key}`, () =>
        client.send(new ListPartsCommand(target)).catch((error: unknown) => {
          if (isMissingUpload(error)) return undefined;
          throw error;
        }),
      );
      // Completed or aborted meanwhile.
      if (!parts) continue;
      yield {
        what: `${Key.slice(below.length)} (multipart upload of ${Initiated?.toISOString() ?? 'unknown time'})`,
        bytes: (parts.Parts ?? []).reduce((total, { Size }) => total + (Size ?? 0), 0),
        remove: () =>
          request(`abort the upload of ${Key}`, async () => {
            try {
              await client.send(new AbortMultipartUploadCommand(target));
            } catch (error) {
              if (!isMissingUpload(error)) throw error;
            }
          }),
      };
    }
    marker = page.IsTruncated
      ? {
          ...(page.NextKeyMarker === undefined ? {} : { KeyMarker: page.NextKeyMarker }),
          ...(page.NextUploadIdMarker === undefined ? {} : { UploadIdMarker: page.NextUploadIdMarker }),
        }
      : undefined;
  }
}
