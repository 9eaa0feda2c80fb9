import type { Command } from 'commander';
import type { InstallableBackend } from '../../train/nativeBackend.js';
import { say } from '../say.js';

async function installable(name: string): Promise<InstallableBackend> {
  const { installableBackends } = await import('../../train/nativeBackend.js');
  const found = installableBackends.find((one) => one === name);
  if (found) return found;
  const { RgsweepError } = await import('../../errors.js');
  throw new RgsweepError('usage', `"${name}" is no backend that can be installed`, {
    remedy: `there are ${installableBackends.join(', ')}; wasm comes with npm ci`,
  });
}

/** Starts the backend in a process of its own: starting one is for good. */
async function starts(name: InstallableBackend): Promise<string> {
  const { fileURLToPath } = await import('node:url');
  const { backendStarts } = await import('../../stack/doctor.js');
  return backendStarts(fileURLToPath(new URL('../../train/backend.js', import.meta.url)), name);
}

export function register(program: Command): void {
  const backend = program.command('backend').description('install, list and remove numerical backends');
  backend
    .command('install')
    .description('put a native backend into .rgsweep/backends (tensorflow: about 30 s, needs g++ and pip)')
    .argument('<name>', 'tensorflow or webgpu')
    .option('--cuda', 'tensorflow on CUDA 12 (NVIDIA GPUs of compute capability 6.0 to 9.0)')
    .option('--force', 'install again what is there already')
    .option('--json', 'print one JSON object')
    .action(async (asked: string, options: { cuda?: boolean; force?: boolean; json?: boolean }) => {
      const name = await installable(asked);
      const { backendFolder, installationFormat, installedBackend } =
        await import('../../train/nativeBackend.js');
      const { installBackend } = await import('../../stack/backends.js');
      const folder = backendFolder(name);
      const cuda = options.cuda ?? false;
      const there = options.force ? undefined : installedBackend(folder);
      const kept = there?.cuda === cuda && there.format === installationFormat ? there : undefined;
      const installed =
        kept ??
        (await installBackend({
          name,
          folder,
          cuda,
          log: say,
        }));
      const found = await starts(name);
      if (options.json)
        process.stdout.write(
          `${JSON.stringify({ name, folder, fresh: !kept, starts: true, ...installed })}\n`,
        );
      else
        process.stdout.write(
          `${kept ? 'it is there already' : `installed ${name} in ${folder}`}; ${found}\n` +
            (name === 'tensorflow' ? 'sweeps with backend auto use it from now on\n' : ''),
        );
    });
  backend
    .command('list')
    .description('every backend, and whether it can be used here')
    .option('--json', 'print one JSON object')
    .action(async (options: { json?: boolean }) => {
      const { backendFolder, findTensorflow, installationFormat, installedBackend, installableBackends } =
        await import('../../train/nativeBackend.js');
      const rows = [
        { name: 'wasm', installed: true, what: 'comes with npm ci' },
        ...installableBackends.map((name) => {
          const folder = backendFolder(name);
          const own = installedBackend(folder);
          const stock = !own && name === 'tensorflow' ? findTensorflow() : undefined;
          return {
            name,
            installed: own !== undefined || stock !== undefined,
            what: own
              ? `${Object.entries(own.versions)
                  .map(([what, version]) => `${what} ${version}`)
                  .join(
                    ', ',
                  )}${own.cuda ? ', CUDA' : ''}; ${folder}${own.format < installationFormat ? `; built by an earlier version, make it anew: rgsweep backend install ${name}` : ''}`
              : stock
                ? `${stock.source}, ${stock.file}`
                : `rgsweep backend install ${name}`,
          };
        }),
        { name: 'cpu', installed: true, what: 'comes with npm ci; plain JavaScript, for comparison' },
      ];
      if (options.json) process.stdout.write(`${JSON.stringify(rows)}\n`);
      else
        for (const { name, installed, what } of rows)
          process.stdout.write(`${name.padEnd(11)} ${installed ? 'installed' : '–        '}  ${what}\n`);
    });
  backend
    .command('uninstall')
    .description('remove a backend that `backend install` put there')
    .argument('<name>', 'tensorflow or webgpu')
    .action(async (asked: string) => {
      const name = await installable(asked);
      const { backendFolder } = await import('../../train/nativeBackend.js');
      const { uninstallBackend } = await import('../../stack/backends.js');
      const folder = backendFolder(name);
      process.stdout.write(uninstallBackend(folder) ? `removed ${folder}\n` : `${folder} was not there\n`);
    });
}
