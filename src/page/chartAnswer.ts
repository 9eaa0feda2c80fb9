import type { DataStatistics } from '../basis/types.js';
import { trialLossChart } from '../report/charts/learning.js';
import { baselineTrial } from '../report/ranking.js';
import { galleryCharts, type GalleryChart, type GalleryInput } from '../report/gallery.js';
import type { ChartAnswer } from './api.js';
import type { CurveCache } from './curves.js';
import type { FeedState } from './feed.js';
import { snapshotOf } from './sweepAnswer.js';

/** What a chart's address asks for. */
export interface ChartRequest {
  id: string;
  choices: Record<string, string>;
  /** Trials to compare, at most `maximumCompared`. */
  compared: number[];
  /** The trial that a chart of one trial is about. */
  trial?: number;
}

export const maximumCompared = 6;
const maximumKept = 60;
/** Charts of so many trials take no longer than others. */
const quickTrials = 200;
/** The clock is part of a running sweep's pictures: those are drawn again after this long. */
const clockMilliseconds = 10_000;

function answerOf(drawn: Awaited<ReturnType<GalleryChart['draw']>>): ChartAnswer {
  return typeof drawn === 'string' ? { svgs: [], empty: drawn } : { svgs: drawn.map(({ svg }) => svg) };
}

/**
 * Draws the charts of one sweep, each once for a version of its data. One after the other: drawing takes all of a
 * processor, and whoever waits for numbers should not wait for pictures.
 */
export class ChartDrawer {
  private readonly kept = new Map<string, Promise<ChartAnswer>>();
  /** Of charts with patience: the last picture and when it was asked for. */
  private readonly patient = new Map<string, { at: number; answer: Promise<ChartAnswer> }>();
  private turn: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly curves: CurveCache,
    private readonly statistics: () => Promise<DataStatistics | undefined>,
  ) {}

  /** Undefined for a chart that does not exist. */
  async draw(feed: FeedState, request: ChartRequest, now: Date): Promise<ChartAnswer | undefined> {
    const make = this.maker(feed, request, now);
    if (!make) return undefined;
    const clock = feed.view.finishedAt === undefined ? Math.floor(now.getTime() / clockMilliseconds) : 0;
    const key = JSON.stringify([feed.version, clock, request]);
    const known = this.kept.get(key);
    if (known) return known;
    const trials = feed.view.records.length;
    const patience = galleryCharts.get(request.id)?.patienceMilliseconds;
    const last = this.patient.get(request.id);
    // A small sweep is drawn in no time, and ends before patience does.
    if (patience && last && trials > quickTrials && now.getTime() - last.at < patience) return last.answer;
    const answer = this.turn.then(make);
    this.turn = answer.catch(() => undefined);
    this.kept.set(key, answer);
    answer.catch(() => this.kept.delete(key));
    if (patience && feed.view.finishedAt === undefined) {
      this.patient.set(request.id, { at: now.getTime(), answer });
      answer.catch(() => this.patient.delete(request.id));
    }
    for (const old of this.kept.keys()) {
      if (this.kept.size <= maximumKept) break;
      this.kept.delete(old);
    }
    return answer;
  }

  private maker(feed: FeedState, request: ChartRequest, now: Date): (() => Promise<ChartAnswer>) | undefined {
    if (request.id === 'trial-loss') return () => this.trialLoss(feed, request.trial);
    const chart = galleryCharts.get(request.id.replace(/^trial-/, ''));
    if (!chart || (request.id.startsWith('trial-') && !chart.compares)) return undefined;
    return async () => {
      const snapshot = snapshotOf(feed.view);
      if (chart.curves) snapshot.curves = await this.curves.ofAll(chart.curves(snapshot));
      const statistics = chart.compares ? await this.statistics() : undefined;
      const standard = baselineTrial(snapshot, 'standard');
      // A further seed has the schedule of its configuration.
      const asked = feed.view.records.find(({ trial }) => trial === request.trial);
      const own = asked?.replicateOf ?? request.trial;
      const compared =
        own === undefined
          ? request.compared
          : [own, ...(standard && standard.trial !== own ? [standard.trial] : [])];
      const input: GalleryInput = {
        snapshot,
        ...(statistics ? { statistics } : {}),
        now,
        choices: request.choices,
        compared,
      };
      return answerOf(await chart.draw(input));
    };
  }

  private async trialLoss(feed: FeedState, number: number | undefined): Promise<ChartAnswer> {
    const snapshot = snapshotOf(feed.view);
    const trial = feed.view.records.find((record) => record.trial === number);
    if (!trial) return { svgs: [], empty: 'There is no such trial.' };
    const standard = baselineTrial(snapshot, 'standard');
    snapshot.curves = await this.curves.ofAll(
      standard && standard.trial !== trial.trial ? [trial, standard] : [trial],
    );
    const chart = await trialLossChart(snapshot, trial);
    return chart ? { svgs: [chart.svg] } : { svgs: [], empty: 'This trial has no learning curve yet.' };
  }
}
