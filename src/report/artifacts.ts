import type { DataStatistics } from '../basis/types.js';
import type { SweepSnapshot } from '../sweep/types.js';

/** An estimate with the standard error of its mean. */
export interface ObservableEstimate {
  value: number;
  error: number;
}

/** What was kept of one set of fields: a trial's own samples, or the reference data. Everything is optional. */
export interface FieldArtifacts {
  /** Lattice observables by the names of src/data/phi4/observables.ts, `G(k) a,b` included. */
  observables?: Readonly<Record<string, ObservableEstimate>>;
  /** Fields, one after the other, each height · width · channels numbers in data coordinates. */
  samples?: Float32Array;
}

/** What was kept of one trial beside its record. */
export interface TrialArtifacts extends FieldArtifacts {
  /** −log q(φ) in nats of each configuration of the test data, in the data's order. */
  testNll?: ArrayLike<number>;
}

/** Whatever the store has of pictures and observables; a report shows what there is and leaves out the rest. */
export interface ReportArtifacts {
  /** Test data of the task (by HMC for φ⁴), to compare models with. */
  reference?: FieldArtifacts;
  trials: ReadonlyMap<number, TrialArtifacts>;
}

export const noArtifacts: ReportArtifacts = { trials: new Map() };

/** All that a report is made of. */
export interface ReportInput {
  snapshot: SweepSnapshot;
  /** Of the training data; without them a report has no pictures of schedules. */
  statistics?: DataStatistics;
  artifacts?: ReportArtifacts;
  /** Names and versions to state in the method: `{ rgsweep: '0.1.0', node: '20.19.0', … }`. */
  versions: Readonly<Record<string, string>>;
  /** When the report is made; default: now. */
  now?: Date;
}
