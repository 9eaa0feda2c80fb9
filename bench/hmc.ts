import { cpus } from 'node:os';
import { datasetKey, defaultRecipe } from '../src/data/dataset.js';
import { generateConfigurations } from '../src/data/phi4/generate.js';
import { defaultHmcSettings } from '../src/data/phi4/hmc.js';
import { phi4Observables } from '../src/data/phi4/observables.js';
import type { Phi4Task } from '../src/train/protocol.js';

/**
 * Cost of φ⁴ data on one core: CPU time, so that other work on the machine disturbs little. One line for each lattice:
 * microseconds a trajectory, acceptance, τ_int, and the time of the default data set at that rate.
 *
 *   npm run bench -- hmc [configurations of a lattice, default 20000]
 */
const count = Number(process.argv.at(-1)) > 0 ? Number(process.argv.at(-1)) : 20_000;
const wanted = Object.values(defaultRecipe.counts).reduce((sum, one) => sum + one, 0);
const cpuSeconds = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};

process.stdout.write(`${cpus()[0]?.model ?? 'unknown processor'}, Node ${process.version}\n`);
for (const size of [4, 6, 8, 16]) {
  const task: Phi4Task = { name: 'phi4', size, mass2: -4, coupling: 6.975 };
  const settings = defaultHmcSettings(size * size);
  const configurations = Math.ceil((count * 36) / (size * size));
  const chains = Math.ceil(configurations / defaultRecipe.perChain);
  let started = cpuSeconds();
  const { samples, summary } = await generateConfigurations({
    ...task,
    count: configurations,
    chains,
    settings,
    seed: 1,
    stream: 'bench/hmc',
  });
  const seconds = cpuSeconds() - started;
  const trajectories = summary.trajectories + chains * settings.thermalization;
  started = cpuSeconds();
  phi4Observables(samples, configurations, size, task);
  const observing = cpuSeconds() - started;
  process.stdout.write(
    [
      `${size}x${size}`,
      `${((1e6 * seconds) / trajectories).toFixed(1)} us/trajectory`,
      `${(100 * summary.acceptance).toFixed(1)} % accepted`,
      `tau_int(|M|) ${summary.autocorrelation.absM.toFixed(2)}`,
      `observables ${((1e6 * observing) / configurations).toFixed(1)} us/configuration`,
      `default set (${datasetKey(task, defaultRecipe)}) ${((seconds / configurations) * wanted).toFixed(1)} s`,
    ].join('  ') + '\n',
  );
}
