import type { Command } from 'commander';
import { withConnectionOptions } from '../connectionOptions.js';
import type { ConnectionOptions } from '../connection.js';

export function register(program: Command): void {
  withConnectionOptions(
    program.command('doctor').description('check server, store, backend and machine, and say what to do'),
  )
    .option('--json', 'print one JSON object')
    .addHelpText('after', '\nExit code: 0 when nothing that is needed fails, else 1.')
    .action(async (options: ConnectionOptions & { json?: boolean }) => {
      const { fileURLToPath } = await import('node:url');
      const { connectClient, connectStore, stackFolder, storeUrl } = await import('../connection.js');
      const { examine, machineChecks } = await import('../../stack/doctor.js');
      const { tryStore } = await import('../../store/probe.js');
      const url = storeUrl(options);
      let server: Promise<string | undefined> | undefined;
      const checks = machineChecks({
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
      const findings = [];
      for await (const finding of examine(checks)) {
        findings.push(finding);
        if (options.json) continue;
        process.stdout.write(`${finding.state.padEnd(4)}  ${finding.what.padEnd(15)}  ${finding.found}\n`);
        if (finding.remedy !== undefined) process.stdout.write(`      → ${finding.remedy}\n`);
      }
      const healthy = findings.every(({ state }) => state !== 'fail');
      if (options.json) process.stdout.write(`${JSON.stringify({ healthy, findings })}\n`);
      process.exitCode = healthy ? 0 : 1;
    });
}
