/** node bareWorker.js control|train ADDRESS SLOTS: a worker of the bare workflows; it ends with its standard input. */
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { bareActivities, bareControlQueue, bareTrainQueue } from './bareActivities.js';

const [role, address, slots] = process.argv.slice(2);
const logger = new DefaultLogger('ERROR');
Runtime.install({ logger, shutdownSignals: [] });
const connection = await NativeConnection.connect({ address: address! });
const worker =
  role === 'control'
    ? await Worker.create({
        connection,
        taskQueue: bareControlQueue,
        workflowBundle: await bundleWorkflowCode({
          workflowsPath: fileURLToPath(new URL('./bareWorkflows.js', import.meta.url)),
          logger,
        }),
        activities: bareActivities,
        maxCachedWorkflows: 200,
      })
    : await Worker.create({
        connection,
        taskQueue: bareTrainQueue,
        activities: bareActivities,
        maxConcurrentActivityTaskExecutions: Number(slots),
      });
process.stdin.resume().on('end', () => worker.shutdown());
process.stdout.write('ready\n');
await worker.run();
await connection.close();
