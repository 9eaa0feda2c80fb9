import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { Client, Connection, type WorkflowClientInterceptor } from '@temporalio/client';
import { defaultPayloadConverter, type DataConverter, type Payload } from '@temporalio/common';
import proto from '@temporalio/proto';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { SweepCollector } from '../../src/cli/collect.js';
import { updateSweepRecord } from '../../src/store/records.js';
import { segmentWorkflowId } from '../../src/sweep/names.js';
import { rebuildMachine } from '../../src/sweep/rebuild.js';
import { codecKeys, createCodec } from '../../src/temporal/codec.js';
import { keepSweep, temporaryStore } from '../page/store.js';
import { fixtureSnapshot } from '../report/fixture.js';

const { store, folder } = await temporaryStore();
afterAll(() => rmSync(folder, { recursive: true }));
const snapshot = fixtureSnapshot();
const { spec, trials } = snapshot;
await keepSweep(store, snapshot);

const { WorkflowExecutionStatus } = proto.temporal.api.enums.v1;
const { DescribeWorkflowExecutionResponse } = proto.temporal.api.workflowservice.v1;
type Description = Awaited<ReturnType<NonNullable<WorkflowClientInterceptor['describe']>>>;

/** A sweep of which one trial is in training. */
const machine = () => {
  const built = rebuildMachine(spec, 1, trials, { amendments: [] });
  built.trials[0]!.segment = { kind: 'train', rung: 0 };
  return built;
};

/** A client whose server says this of a workflow, and answers queries with the machine. */
function clientOf(
  answer: (workflowId: string) => Description | Promise<Description>,
  dataConverter?: DataConverter,
): Client {
  const connection = Connection.lazy({ address: '127.0.0.1:1' });
  onTestFinished(() => connection.close());
  return new Client({
    connection,
    ...(dataConverter ? { dataConverter } : {}),
    interceptors: {
      workflow: [
        {
          describe: async ({ workflowExecution }) => answer(workflowExecution.workflowId),
          query: () => Promise.resolve(machine()),
        },
      ],
    },
  });
}

/** What a server says of an open workflow whose activity has these heartbeat details. */
function running(workflowId: string, payloads: Payload[]): Description {
  return described(workflowId, WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_RUNNING, payloads);
}

function described(workflowId: string, status: number, payloads: Payload[] = []): Description {
  return DescribeWorkflowExecutionResponse.fromObject({
    workflowExecutionInfo: {
      execution: { workflowId, runId: 'run' },
      type: { name: 'any' },
      status,
      startTime: { seconds: 1 },
      historyLength: 1,
      historySizeBytes: 1,
    },
    pendingActivities: payloads.length > 0 ? [{ heartbeatDetails: { payloads } }] : [],
  });
}

const key = () => createCodec(codecKeys({ RGSWEEP_CODEC_KEY: randomBytes(32).toString('base64') }));
const progress = { purpose: 'train', step: 40, toStep: 100, stepsTrained: 40 };
const plain = [defaultPayloadConverter.toPayload(progress)];

describe('heartbeats of what runs', () => {
  const segment = segmentWorkflowId(spec.name, 0);
  const describedWith = (payloads: Payload[]) => (workflowId: string) =>
    running(workflowId, workflowId === segment ? payloads : []);
  const collected = async (client: Client) =>
    (await new SweepCollector(client, store, spec).collect()).running;

  it('are read as they are, and where they are encrypted', async () => {
    const codec = key();
    const expected = [{ trial: 0, purpose: 'train', progress }];
    expect(await collected(clientOf(describedWith(plain)))).toEqual(expected);
    const encrypted = describedWith(await codec.encode(plain));
    expect(await collected(clientOf(encrypted, { payloadCodecs: [codec] }))).toEqual(expected);
  });

  it('are done without where they cannot be read', async () => {
    const encrypted = describedWith(await key().encode(plain));
    const expected = [{ trial: 0, purpose: 'train' }];
    expect(await collected(clientOf(encrypted))).toEqual(expected);
    expect(await collected(clientOf(encrypted, { payloadCodecs: [key()] }))).toEqual(expected);
  });
});

it('a sweep that ends between two questions is complete, not gone from the server', async () => {
  const name = 'ends-meanwhile';
  const { finishedAt: _, ...open } = snapshot;
  await keepSweep(store, { ...open, spec: { ...spec, name }, state: 'running' });
  const client = clientOf(async (workflowId) => {
    // As the workflow does it: first its end is recorded, then it closes.
    await updateSweepRecord(store, name, (before) => ({
      ...before!,
      state: 'complete',
      finishedAt: new Date().toISOString(),
    }));
    return described(workflowId, WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_COMPLETED);
  });
  const view = await new SweepCollector(client, store, { ...spec, name }).collect();
  expect(view).toMatchObject({ open: false, state: 'complete' });
});
