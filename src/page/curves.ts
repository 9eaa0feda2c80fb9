import { readCurve } from '../store/records.js';
import { mapLimited } from '../store/limits.js';
import type { ObjectStore } from '../store/types.js';
import type { CurvePoint, TrialRecord } from '../sweep/types.js';

const parallelReads = 16;

/** Learning curves as they are needed, kept until their trial's record changes (or, while it trains, for a few seconds). */
export class CurveCache {
  private readonly kept = new Map<number, { text: string; at: number; points: CurvePoint[] }>();

  constructor(
    private readonly store: ObjectStore,
    private readonly sweep: string,
    private readonly freshMilliseconds = 5000,
  ) {}

  async of(trial: TrialRecord): Promise<CurvePoint[]> {
    const text = `${trial.state} ${trial.updatedAt}`;
    const known = this.kept.get(trial.trial);
    const good =
      known?.text === text && (trial.state !== 'running' || Date.now() - known.at < this.freshMilliseconds);
    if (known && good) return known.points;
    const points = await readCurve(this.store, this.sweep, trial.trial);
    this.kept.set(trial.trial, { text, at: Date.now(), points });
    return points;
  }

  async ofAll(trials: readonly TrialRecord[]): Promise<Map<number, CurvePoint[]>> {
    const curves = await mapLimited([...trials], parallelReads, (trial) => this.of(trial));
    return new Map(trials.map((trial, index) => [trial.trial, curves[index]!]));
  }
}
