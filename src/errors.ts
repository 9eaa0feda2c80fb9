/**
 * What can go wrong with a trial's segment, as users, metrics and retry rules name it.
 *
 * `worker-lost`, `preempted` and `cancelled` never count as the configuration's failure. `diverged`,
 * `bad-configuration` and `data-missing` are not retried: the same input fails the same way.
 */
export const failureKinds = [
  'diverged',
  'out-of-memory',
  'bad-configuration',
  'data-missing',
  'store-unavailable',
  'worker-lost',
  'preempted',
  'stalled',
  'crashed',
  'cancelled',
] as const;
export type FailureKind = (typeof failureKinds)[number];

/** Kinds that a second try on the same input cannot mend. */
export const finalFailureKinds: readonly FailureKind[] = ['diverged', 'bad-configuration', 'data-missing'];

export type ErrorKind =
  | FailureKind
  | 'usage'
  | 'not-found'
  | 'conflict'
  | 'server-unavailable'
  | 'backend-unavailable'
  | 'internal';

/**
 * An error a user can act on: the message names file, field, value and bound; `remedy` is the way out.
 * The command line prints both on one or two lines and exits 2 for `usage` and `bad-configuration`, else 1.
 */
export class RgsweepError extends Error {
  readonly kind: ErrorKind;
  readonly remedy: string | undefined;

  constructor(kind: ErrorKind, message: string, options: { remedy?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'RgsweepError';
    this.kind = kind;
    this.remedy = options.remedy;
  }

  /** Process exit code: 2 for the user's own input, 1 for everything else. */
  get exitCode(): 1 | 2 {
    return this.kind === 'usage' || this.kind === 'bad-configuration' ? 2 : 1;
  }
}

/** The message of anything that was thrown, without a stack trace. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
