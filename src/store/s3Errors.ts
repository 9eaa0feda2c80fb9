import { messageOf, RgsweepError } from '../errors.js';
import { codeOf, explainFileError, isFileError } from './fileErrors.js';

interface ServiceError extends Error {
  $metadata?: { httpStatusCode?: number };
}

function statusOf(error: unknown): number | undefined {
  return error instanceof Error ? (error as ServiceError).$metadata?.httpStatusCode : undefined;
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : '';
}

const networkCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ERR_STREAM_PREMATURE_CLOSE',
]);

/** Refusals that are the moment's, not the request's, though their status is 4xx. */
const passingNames = new Set([
  'BadDigest',
  'BandwidthLimitExceeded',
  'ConditionalRequestConflict',
  // versitygw, when a neighbour's deletion is just removing the folder that this write makes.
  'ExistingObjectIsDirectory',
  'IncompleteBody',
  'OperationAborted',
  'PriorRequestNotComplete',
  'RequestLimitExceeded',
  'RequestTimeout',
  'RequestTimeTooSkewed',
  'SlowDown',
  'Throttling',
  'ThrottlingException',
  'TimeoutError',
  'TooManyRequests',
  'TooManyRequestsException',
]);

/** Refusals of a user whose status is neither 401 nor 403; the second is versitygw's. */
const refusedUserNames = new Set([
  'InvalidAccessKeyId',
  'XAdminUserNotFound',
  'ExpiredToken',
  'InvalidToken',
]);

/** Fewer bytes came than the answer announced: the connection was cut in a way that looked like its end. */
export class ShortAnswerError extends Error {}

/** May the same request succeed a little later: throttling, server errors, timeouts, broken connections. */
export function isTransient(error: unknown): boolean {
  if (error instanceof RgsweepError) return false;
  if (error instanceof ShortAnswerError || passingNames.has(nameOf(error))) return true;
  if (networkCodes.has(codeOf(error))) return true;
  const status = statusOf(error);
  return status !== undefined && (status === 408 || status === 429 || (status >= 500 && status !== 501));
}

/**
 * Only what S3 says of a key: some servers answer 404 to an unknown user too, and to believe then that there are no
 * checkpoints would begin every trial anew. `NotFound` is the name of an answer without a body, to HEAD.
 */
export function isMissingKey(error: unknown): boolean {
  return ['NoSuchKey', 'NotFound'].includes(nameOf(error));
}

export function isFailedCondition(error: unknown): boolean {
  return statusOf(error) === 412 || nameOf(error) === 'PreconditionFailed';
}

export function isMissingUpload(error: unknown): boolean {
  return nameOf(error) === 'NoSuchUpload';
}

interface Where {
  url: string;
  bucket: string;
  /** Host of the endpoint, without credentials. */
  endpoint: string;
}

function describe(error: unknown, { bucket, endpoint }: Where): { what: string; remedy?: string } {
  const name = nameOf(error);
  const status = statusOf(error);
  const message = messageOf(error);
  if (name === 'CredentialsProviderError' || /credential/i.test(message))
    return {
      what: 'no AWS credentials were found',
      remedy: 'set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, for this process',
    };
  if (name === 'NoSuchBucket')
    return {
      what: `there is no bucket "${bucket}" at ${endpoint}`,
      remedy: `create it (\`aws s3 mb s3://${bucket}\`), or mend its name or AWS_ENDPOINT_URL_S3`,
    };
  if (/region is missing/i.test(message))
    return { what: 'no region is set', remedy: 'set AWS_REGION to the region of the bucket' };
  if (status === 301 || name === 'AuthorizationHeaderMalformed' || name === 'PermanentRedirect')
    return {
      what: `the bucket "${bucket}" is in another region`,
      remedy: 'set AWS_REGION to the region of the bucket',
    };
  if (status === 401 || status === 403 || refusedUserNames.has(name))
    return {
      what: `${endpoint} refuses the credentials (${name})`,
      remedy:
        'check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_PROFILE, and that they may list, read, write and delete in the bucket',
    };
  if (name === 'QuotaExceeded' || name === 'XMinioStorageFull' || status === 507)
    return {
      what: `the storage behind ${endpoint} is full`,
      remedy: 'free some space, then resume: trials go on from their last checkpoint',
    };
  if (networkCodes.has(codeOf(error)) || name === 'TimeoutError')
    return {
      what: `${endpoint} does not answer (${codeOf(error) || 'timeout'})`,
      remedy: 'check the network and AWS_ENDPOINT_URL_S3, and that the S3 server runs',
    };
  if (status !== undefined && status >= 500)
    return {
      what: `${endpoint} fails with status ${status} (${name})`,
      remedy: 'look at the S3 server; once it works, resume: trials go on from their last checkpoint',
    };
  return {
    what: `${endpoint} answers ${status ?? 'nothing S3 would'} (${name}: ${message})`,
    remedy: 'check that AWS_ENDPOINT_URL_S3 is an S3 server',
  };
}

/** A failed request as a sentence: which store, which key, why, and the way out. Never a key or a signature. */
export function explainS3Error(error: unknown, where: Where, action: string, seconds: number): RgsweepError {
  if (error instanceof RgsweepError) return error;
  if (isFileError(error)) return explainFileError(error, where.url, action);
  const { what, remedy } = describe(error, where);
  const tried = seconds >= 1 ? `, tried for ${Math.round(seconds)} s` : '';
  return new RgsweepError('store-unavailable', `${where.url} cannot ${action}: ${what}${tried}`, {
    ...(remedy === undefined ? {} : { remedy }),
    // The service's own error carries what it was sent: access key, signature, canonical request.
    cause: new Error(`${nameOf(error)}: ${messageOf(error)}`),
  });
}
