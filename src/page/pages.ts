import type { Client } from '@temporalio/client';
import type { DataStatistics } from '../basis/types.js';
import { RgsweepError } from '../errors.js';
import { loadPerConfiguration, loadStatistics, pairedTrials } from '../report/load.js';
import type { PerConfiguration } from '../report/pairs.js';
import { trialTableOf, type TrialTable } from '../report/trialRows.js';
import { mapLimited } from '../store/limits.js';
import { listSweeps } from '../store/records.js';
import type { ObjectStore } from '../store/types.js';
import { actOnSweep } from './actions.js';
import type { ChartAnswer, SweepAnswer, SweepsAnswer, TrialAnswer, TrialsAnswer } from './api.js';
import { ChartDrawer, type ChartRequest } from './chartAnswer.js';
import { CurveCache } from './curves.js';
import { SweepFeed, type FeedState, type FindClient } from './feed.js';
import { snapshotOf, sweepAnswer, trialsAnswer } from './sweepAnswer.js';
import { sweepLine, unreadableLine } from './sweepsAnswer.js';
import { trialAnswer } from './trialAnswer.js';
import { readSpec } from '../store/records.js';

const parallelSweeps = 4;

/** One sweep that somebody has looked at: its feed and what is made of it. */
interface Watched {
  feed: SweepFeed;
  charts: ChartDrawer;
  table?: { version: number; table: TrialTable };
  /** What was answered last: the same reading of the sweep has the same answers. */
  answer?: { state: FeedState; answer: SweepAnswer };
  trials?: { version: number; answer: TrialsAnswer };
  /** Likelihoods of those that were measured on test data, which happens once. */
  pairs?: { trials: string; perConfiguration: PerConfiguration };
}

/** Everything the page can be asked, without a word of HTTP. Answers are undefined for what does not exist. */
export class Pages {
  private readonly watched = new Map<string, Watched>();

  constructor(
    private readonly store: ObjectStore,
    private readonly findClient: FindClient,
    private readonly allowActions: boolean,
  ) {}

  async sweeps(): Promise<SweepsAnswer> {
    const names = await listSweeps(this.store);
    const now = new Date();
    const lines = await mapLimited(names, parallelSweeps, async (name) => {
      try {
        const watched = await this.watch(name);
        return watched && sweepLine(await watched.feed.current(), now);
      } catch (error) {
        return unreadableLine(name, error);
      }
    });
    return {
      store: this.store.url,
      connected: (await this.findClient()) !== undefined,
      // The newest first.
      sweeps: lines
        .filter((line) => line !== undefined)
        .sort((a, b) => (a.startedAt < b.startedAt ? 1 : a.startedAt > b.startedAt ? -1 : 0)),
    };
  }

  async sweep(name: string): Promise<SweepAnswer | undefined> {
    const found = await this.state(name);
    if (!found) return undefined;
    const { watched, state, table } = found;
    if (watched.answer?.state !== state) {
      const perConfiguration = await this.pairs(watched, state);
      const answer = sweepAnswer(state, {
        allowActions: this.allowActions,
        now: new Date(),
        table,
        perConfiguration,
      });
      watched.answer = { state, answer };
    }
    return watched.answer.answer;
  }

  private async pairs(watched: Watched, { view }: FeedState): Promise<PerConfiguration> {
    const snapshot = snapshotOf(view);
    const trials = pairedTrials(snapshot)
      .map(({ trial }) => trial)
      .join();
    if (watched.pairs?.trials !== trials)
      try {
        watched.pairs = { trials, perConfiguration: await loadPerConfiguration(this.store, snapshot) };
      } catch {
        // The page says of itself that the store does not answer; wider errors do not stand in its way.
        return new Map();
      }
    return watched.pairs.perConfiguration;
  }

  async trials(name: string, since: number): Promise<TrialsAnswer | undefined> {
    const found = await this.state(name);
    if (!found) return undefined;
    const { watched, state, table } = found;
    if (since > 0) return trialsAnswer(state, table, since);
    if (watched.trials?.version !== state.version)
      watched.trials = { version: state.version, answer: trialsAnswer(state, table, 0) };
    return watched.trials.answer;
  }

  async trial(name: string, number: number): Promise<TrialAnswer | undefined> {
    const found = await this.state(name);
    return found && trialAnswer(found.state, found.table, number, this.store);
  }

  async chart(name: string, request: ChartRequest): Promise<ChartAnswer | undefined> {
    const found = await this.state(name);
    return found?.watched.charts.draw(found.state, request, new Date());
  }

  /** @throws RgsweepError('server-unavailable') without a server, and whatever the sweep refuses */
  async act(name: string, action: { action: string; text: string }): Promise<string> {
    const client: Client | undefined = await this.findClient();
    if (!client)
      throw new RgsweepError('server-unavailable', 'no Temporal server answers', {
        remedy: 'start one with `npx rgsweep up`',
      });
    const spec = await readSpec(this.store, name);
    if (!spec) throw new RgsweepError('not-found', `${this.store.url} has no sweep called "${name}"`);
    return actOnSweep(client, spec, action);
  }

  private async watch(name: string): Promise<Watched | undefined> {
    const known = this.watched.get(name);
    if (known) return known;
    const spec = await readSpec(this.store, name);
    if (!spec) return undefined;
    // Another request may have made it meanwhile; one is kept.
    const meanwhile = this.watched.get(name);
    if (meanwhile) return meanwhile;
    let statistics: Promise<DataStatistics | undefined> | undefined;
    const feed = new SweepFeed(this.store, spec, this.findClient);
    const watched: Watched = {
      feed,
      charts: new ChartDrawer(new CurveCache(this.store, name), () => {
        // Made once, but perhaps not yet.
        statistics ??= feed
          .current()
          .then(({ view }) => loadStatistics(this.store, snapshotOf(view)))
          .then((found) => {
            if (!found) statistics = undefined;
            return found;
          });
        return statistics;
      }),
    };
    this.watched.set(name, watched);
    return watched;
  }

  private async state(
    name: string,
  ): Promise<{ watched: Watched; state: FeedState; table: TrialTable } | undefined> {
    const watched = await this.watch(name);
    if (!watched) return undefined;
    const state = await watched.feed.current();
    if (watched.table?.version !== state.version)
      watched.table = { version: state.version, table: trialTableOf(snapshotOf(state.view)) };
    return { watched, state, table: watched.table.table };
  }
}
