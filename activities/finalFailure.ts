import { ApplicationFailure } from '@temporalio/activity';
import { finalFailureKinds, RgsweepError } from '../src/errors.js';

/** What a second try cannot mend, as Temporal knows it: it ends at once, with its reason and the way out. All else stays as it is. */
export function finalFailure(error: unknown): unknown {
  if (!(error instanceof RgsweepError) || !finalFailureKinds.some((kind) => kind === error.kind))
    return error;
  return ApplicationFailure.create({
    message: error.remedy === undefined ? error.message : `${error.message} (${error.remedy})`,
    type: error.kind,
    nonRetryable: true,
    cause: error,
  });
}
