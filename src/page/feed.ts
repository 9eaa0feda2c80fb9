import type { Client } from '@temporalio/client';
import { messageOf, RgsweepError } from '../errors.js';
import { SweepCollector, type SweepView } from '../cli/collect.js';
import { readSpec, readSweepRecord } from '../store/records.js';
import type { ObjectStore } from '../store/types.js';
import type { SweepSpec, TrialRecord } from '../sweep/types.js';

/** A reading is good for this long while the sweep runs. */
const freshMilliseconds = 1500;
/** Without a server every reading reads every record; large sweeps are then read less often. */
const millisecondsPerRecord = 5;

/**
 * The first version of a process is above all those of an earlier one, as it grows at most once a reading: a page that was open all the
 * while then gets all rows again.
 */
const firstVersion = (): number => Math.floor(Date.now() / 1000);

/** Where a Temporal server is, if any; asked again and again, since servers come and go. */
export type FindClient = () => Promise<Client | undefined>;

/** A sweep as the page shows it, with the version at which each trial last changed. */
export interface FeedState {
  view: SweepView;
  connected: boolean;
  version: number;
  changedAt: ReadonlyMap<number, number>;
  /** What went wrong at the last reading; the view is then an older one, or what the store alone knows. */
  problem?: string;
}

/** Follows one sweep while somebody looks: reads at most as often as needed, once for all who ask at the same time. */
export class SweepFeed {
  private state: FeedState | undefined;
  private readAt = 0;
  private reading: Promise<FeedState> | undefined;
  private collector: { client: Client | undefined; collector: SweepCollector } | undefined;
  private readonly texts = new Map<number, string>();
  private readonly changedAt = new Map<number, number>();

  constructor(
    private readonly store: ObjectStore,
    private readonly spec: SweepSpec,
    private readonly findClient: FindClient,
  ) {}

  async current(): Promise<FeedState> {
    if (this.reading) return this.reading;
    if (this.state && Date.now() - this.readAt < this.patience(this.state)) return this.state;
    this.reading = this.read().finally(() => {
      this.reading = undefined;
      this.readAt = Date.now();
    });
    return this.reading;
  }

  private patience({ view, connected, problem }: FeedState): number {
    return connected && problem === undefined
      ? freshMilliseconds
      : Math.max(freshMilliseconds, millisecondsPerRecord * view.records.length);
  }

  private async read(): Promise<FeedState> {
    try {
      const client = await this.client();
      if (await this.isSettled()) return this.state!;
      // A store that was taken away, or a sweep: without its records the spec alone would look like one that has just begun.
      const { name } = this.spec;
      if (!(await readSpec(this.store, name)))
        throw new RgsweepError('not-found', `${this.store.url} no longer has the sweep "${name}"`);
      if (!this.collector || this.collector.client !== client)
        this.collector = { client, collector: new SweepCollector(client, this.store, this.spec) };
      return this.take(await this.collector.collector.collect(), client !== undefined);
    } catch (error) {
      // An old picture with a line above it is better than none.
      if (!this.state) throw error;
      this.state = { ...this.state, problem: messageOf(error) };
      return this.state;
    }
  }

  /** The first view of a sweep that ended does not wait for a server: none knows more than the store. */
  private async client(): Promise<Client | undefined> {
    const found = this.findClient();
    if (this.state) return found;
    const record = await readSweepRecord(this.store, this.spec.name);
    if (record?.finishedAt === undefined) return found;
    found.catch(() => undefined);
    return undefined;
  }

  /** A sweep that ended does not change until somebody resumes it, which its own record says. */
  private async isSettled(): Promise<boolean> {
    const known = this.state;
    if (!known || known.problem !== undefined || known.view.open || known.view.finishedAt === undefined)
      return false;
    const record = await readSweepRecord(this.store, this.spec.name);
    return record?.state === known.view.state && record.finishedAt === known.view.finishedAt;
  }

  private take(view: SweepView, connected: boolean): FeedState {
    const version = this.state ? this.state.version + 1 : firstVersion();
    let changed = this.state === undefined || this.state.view.state !== view.state;
    const states = new Map(view.machine.trials.map((row) => [row.trial, row.state]));
    const records = view.records.map((record): TrialRecord => {
      // Between two records the workflow knows better what a trial does.
      const state =
        view.open && view.unanswered === undefined
          ? (states.get(record.trial) ?? record.state)
          : record.state;
      return state === record.state ? record : { ...record, state };
    });
    for (const record of records) {
      const text = `${record.updatedAt} ${record.state} ${record.rungs.length} ${record.failures.length} ${record.test ? 1 : 0}`;
      if (this.texts.get(record.trial) === text) continue;
      this.texts.set(record.trial, text);
      this.changedAt.set(record.trial, version);
      changed = true;
    }
    this.state = {
      view: { ...view, records },
      connected,
      version: changed ? version : this.state!.version,
      changedAt: this.changedAt,
      ...(view.unanswered === undefined
        ? {}
        : { problem: `${view.unanswered}: this is what the store knows` }),
    };
    return this.state;
  }
}
