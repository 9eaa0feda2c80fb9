import type { Command } from 'commander';
import { withConnectionOptions } from '../connectionOptions.js';
import type { ConnectionOptions } from '../connection.js';

export function register(program: Command): void {
  withConnectionOptions(
    program.command('doctor').description('check server, store, backend and machine, and say what to do'),
  )
    .option(
      '--cluster',
      'check server, workers of every queue, store and GPUs of a cluster from inside it, not this machine',
    )
    .option('--json', 'print one JSON object')
    .addHelpText('after', '\nExit code: 0 when nothing that is needed fails, else 1.')
    .action(async (options: ConnectionOptions & { json?: boolean; cluster?: boolean }) => {
      const { fileURLToPath } = await import('node:url');
      const { connectClient, connectStore, stackFolder, storeUrl } = await import('../connection.js');
      const { examine, machineChecks } = await import('../../stack/doctor.js');
      const { tryStore } = await import('../../store/probe.js');
      const url = storeUrl(options);
      const { clusterChecks, once } = await import('../../stack/clusterChecks.js');
      const { findGpus } = await import('../../worker/gpus.js');
      const connect = once(async () => (await connectClient(options)).client);
      let server: Promise<string | undefined> | undefined;
      const ofCluster = () =>
        clusterChecks({
          connect,
          openStore: once(() => connectStore({ store: url })),
          findGpus,
          environment: process.env,
        });
      const ofMachine = () =>
        machineChecks({
          folder: stackFolder(),
          storeUrl: url,
          tryStore: async () => tryStore(await connectStore({ store: url })),
          findServer: () =>
            (server ??= connectClient(options).then(
              async ({ client, address }) => {
                await client.connection.close();
                return address;
              },
              () => undefined,
            )),
          backendModule: fileURLToPath(new URL('../../train/backend.js', import.meta.url)),
        });
      const checks = options.cluster ? ofCluster() : ofMachine();
      const { cleanText } = await import('../../report/text.js');
      const findings = [];
      for await (const finding of examine(checks)) {
        findings.push(finding);
        if (options.json) continue;
        process.stdout.write(
          `${finding.state.padEnd(4)}  ${finding.what.padEnd(15)}  ${cleanText(finding.found)}\n`,
        );
        if (finding.remedy !== undefined) process.stdout.write(`      → ${finding.remedy}\n`);
      }
      if (options.cluster)
        await connect().then(
          (client) => client.connection.close(),
          () => undefined,
        );
      const healthy = findings.every(({ state }) => state !== 'fail');
      if (options.json) process.stdout.write(`${JSON.stringify({ healthy, findings })}\n`);
      process.exitCode = healthy ? 0 : 1;
    });
}
