import type { Client, WorkflowExecutionDescription } from '@temporalio/client';
import { WorkflowFailedError, WorkflowNotFoundError } from '@temporalio/client';
import { fromPayloadsAtIndex, type Payload } from '@temporalio/common';
import type { DataProgress } from '../../activities/dataset.js';
import type { SegmentProgress } from '../../activities/types.js';
import { sweepStatus } from '../../workflows/messages.js';
import { listTrials, readSweepRecord, readTrial, type SweepRecord } from '../store/records.js';
import type { ObjectStore } from '../store/types.js';
import { segmentWorkflowId } from '../sweep/names.js';
import { rebuildMachine } from '../sweep/rebuild.js';
import { isUnanswered, patienceMilliseconds, whyUnanswered } from './unanswered.js';
import type { SweepMachine } from '../sweep/state.js';
import type { SweepFailure, SweepSpec, SweepState, TrialRecord } from '../sweep/types.js';
import { sweepFailureOf } from '../temporal/sweepFailure.js';
import { dataWait } from './dataWait.js';

/** What a running segment's last heartbeat said; a hint for people. */
export interface RunningSegment {
  trial: number;
  purpose: 'train' | 'test';
  progress?: SegmentProgress;
}

/** A sweep as it is now: states from the workflow (or the store, when it is not open), results from the store. */
export interface SweepView {
  spec: SweepSpec;
  state: SweepState;
  /** The sweep's workflow is open on the server. */
  open: boolean;
  /** Why an open workflow could not be asked: states are the store's then, and nothing is known to run. */
  unanswered?: string;
  machine: SweepMachine;
  records: TrialRecord[];
  running: RunningSegment[];
  data?: DataProgress;
  /** Why nobody makes the data set that it needs first. */
  waits?: string;
  /** Where it has failed as a whole: why. */
  failure?: SweepFailure;
  startedAt: string;
  finishedAt?: string;
}

/**
 * Heartbeat details of a workflow's pending activity of one type. A client decodes what it returns, but not what a description holds
 * raw. They are a hint: what cannot be read is none.
 */
async function heartbeatOf<T>(
  client: Client,
  description: WorkflowExecutionDescription,
  accept: (details: { purpose?: string }) => boolean,
): Promise<T | undefined> {
  const { payloadConverter, payloadCodecs } = client.options.loadedDataConverter;
  for (const activity of description.raw.pendingActivities ?? []) {
    let payloads = activity.heartbeatDetails?.payloads as Payload[] | undefined;
    if (!payloads?.length) continue;
    try {
      for (const codec of [...payloadCodecs].reverse()) payloads = await codec.decode(payloads);
      const details = fromPayloadsAtIndex<{ purpose?: string }>(payloadConverter, 0, payloads);
      if (accept(details)) return details as T;
    } catch {
      // Encrypted with a key that is not here, or of another build: the sweep is shown without it.
    }
  }
  return undefined;
}

/** Keeps what cannot change any more, so that following a long sweep reads little. */
export class SweepCollector {
  private readonly settled = new Map<number, { updates: string; record: TrialRecord }>();

  constructor(
    private readonly client: Client | undefined,
    private readonly store: ObjectStore,
    private readonly spec: SweepSpec,
  ) {}

  async collect(): Promise<SweepView> {
    const { client, store, spec } = this;
    let machine: SweepMachine | undefined;
    let open = false;
    let unanswered: string | undefined;
    let data: DataProgress | undefined;
    let waits: string | undefined;
    let failed = false;
    if (client) {
      try {
        const handle = client.workflow.getHandle(spec.name);
        const description = await handle.describe();
        open = description.status.name === 'RUNNING';
        if (open) {
          machine = await client
            .withDeadline(Date.now() + patienceMilliseconds, () => handle.query(sweepStatus))
            .catch(async (error: unknown) => {
              if (!isUnanswered(error)) throw error;
              unanswered = await whyUnanswered(client, spec.name);
              return undefined;
            });
          data = await heartbeatOf<DataProgress>(client, description, ({ purpose }) => purpose === 'data');
          waits = await dataWait(client, spec, description);
        } else failed = description.status.name === 'FAILED';
      } catch (error) {
        if (!(error instanceof WorkflowNotFoundError)) throw error;
      }
    }
    // After the server was asked: a sweep writes its end before it closes, and would look like one that vanished otherwise.
    const sweepRecord = await readSweepRecord(store, spec.name);
    const ending = await this.ending(sweepRecord, failed);
    const records = await this.records(machine);
    machine ??= rebuildMachine(spec, 1, records, { amendments: sweepRecord?.amendments ?? [] });
    const running = client && open ? await this.running(client, machine) : [];
    const state = open && unanswered === undefined ? machine.status : ending.state;
    return {
      spec,
      state,
      ...(ending.failure && state === 'failed' ? { failure: ending.failure } : {}),
      open,
      ...(unanswered === undefined ? {} : { unanswered }),
      machine,
      records,
      running,
      ...(data ? { data } : {}),
      ...(waits === undefined ? {} : { waits }),
      startedAt: sweepRecord?.startedAt ?? new Date().toISOString(),
      ...(sweepRecord?.finishedAt === undefined ? {} : { finishedAt: sweepRecord.finishedAt }),
    };
  }

  /** What the store says of a sweep that is not open; where its workflow failed and could not write that, what the server says. */
  private async ending(
    record: SweepRecord | undefined,
    failed: boolean,
  ): Promise<Pick<SweepView, 'state' | 'failure'>> {
    const { state = 'running', failure } = record ?? {};
    if (!failed || !this.client || (state !== 'running' && state !== 'paused'))
      return { state, ...(failure ? { failure } : {}) };
    const error: unknown = await this.client.workflow
      .getHandle(this.spec.name)
      .result()
      .catch((reason: unknown) => reason);
    if (!(error instanceof WorkflowFailedError)) return { state };
    return { state: 'failed', failure: sweepFailureOf(error.cause ?? error) };
  }

  private async records(machine: SweepMachine | undefined): Promise<TrialRecord[]> {
    if (!machine) return listTrials(this.store, this.spec.name);
    const records = await Promise.all(
      machine.trials.map(async (row) => {
        const updates = `${row.state} ${row.values.length} ${row.segment ? 'open' : ''} ${row.tested ? 'tested' : ''}`;
        const known = this.settled.get(row.trial);
        if (known?.updates === updates && !row.segment) return known.record;
        const record = await readTrial(this.store, this.spec.name, row.trial);
        if (record) this.settled.set(row.trial, { updates, record });
        return record;
      }),
    );
    return records.filter((record) => record !== undefined);
  }

  private async running(client: Client, machine: SweepMachine): Promise<RunningSegment[]> {
    const open = machine.trials.filter((row) => row.segment);
    return Promise.all(
      open.map(async (row): Promise<RunningSegment> => {
        const segment = { trial: row.trial, purpose: row.segment!.kind };
        try {
          const handle = client.workflow.getHandle(segmentWorkflowId(this.spec.name, row.trial));
          const progress = await heartbeatOf<SegmentProgress>(
            client,
            await handle.describe(),
            ({ purpose }) => purpose !== 'data',
          );
          return progress ? { ...segment, progress } : segment;
        } catch (error) {
          if (!(error instanceof WorkflowNotFoundError)) throw error;
          return segment;
        }
      }),
    );
  }
}
