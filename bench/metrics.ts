/**
 * npm run bench -- metrics [--trials 2000] [--rounds 50]
 *
 * The page of metrics of a worker that looks after one sweep, of 10 trials and of so many: series, bytes, and what one scrape over HTTP
 * takes, in time of a processor (client and server are this process) and by the clock; and what bringing the sweep's gauges up to date
 * takes, during which a scrape waits.
 */
import { parseArgs } from 'node:util';
import { Registry } from 'prom-client';
import { createMetrics } from '../src/metrics/metrics.js';
import { startMetricsServer } from '../src/metrics/server.js';
import { createSweepTally } from '../src/metrics/sweepTally.js';
import { wholeNumber } from './arguments/wholeNumber.js';
import { sweepOf } from './page/sweep.js';
import { quantile } from './search/statistics.js';

const { values } = parseArgs({
  args: process.argv.slice(2),
  options: { trials: { type: 'string', default: '2000' }, rounds: { type: 'string', default: '50' } },
});
const rounds = wholeNumber('rounds', values.rounds);
const say = (line: string) => process.stdout.write(`${line}\n`);

interface Cost {
  processor: number;
  clock: number;
}

async function costOf(work: () => unknown): Promise<Cost> {
  const costs: Cost[] = [];
  for (let round = 0; round < rounds; round++) {
    const before = process.cpuUsage();
    const begun = performance.now();
    await work();
    const clock = performance.now() - begun;
    const { user, system } = process.cpuUsage(before);
    costs.push({ processor: (user + system) / 1000, clock });
  }
  const middle = (read: (cost: Cost) => number) => quantile(costs.map(read), 0.5);
  return { processor: middle(({ processor }) => processor), clock: middle(({ clock }) => clock) };
}

async function measure(trials: number): Promise<Cost> {
  const registry = new Registry();
  const metrics = createMetrics(registry);
  const view = { ...sweepOf('large', trials), state: 'running' as const, ranSeconds: 3600 };
  const tallied = () => {
    const tally = createSweepTally(view);
    for (const trial of view.trials) tally.add(trial);
    return tally;
  };
  metrics.sweep(tallied());
  const server = await startMetricsServer({
    registry,
    exemplars: metrics.exemplars,
    port: 0,
    host: '127.0.0.1',
  });
  try {
    const scrape = async () => (await fetch(server.url)).text();
    const page = await scrape();
    const cost = await costOf(scrape);
    const gauges = await costOf(() => tallied().gauges());
    const series = page.split('\n').filter((line) => line !== '' && !line.startsWith('#')).length;
    const words = ({ processor, clock }: Cost) =>
      `${processor.toFixed(1)} ms of a processor, ${clock.toFixed(1)} ms by the clock`;
    say(`${trials} trials: ${series} series, ${(page.length / 1000).toFixed(0)} kB`);
    say(`  scrape  ${words(cost)}`);
    say(`  gauges  ${words(gauges)}`);
    return cost;
  } finally {
    await server.close();
  }
}

say(`medians of ${rounds}`);
const few = await measure(10);
const many = await measure(wholeNumber('trials', values.trials));
say(`scrape, many against few: ${(many.processor / few.processor).toFixed(2)} of the processor's time`);
