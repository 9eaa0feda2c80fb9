import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Metrics pages by Prometheus' scrape job; the names of infra/prometheus/prometheus.yml. */
export interface ScrapeTargets {
  rgsweep: readonly string[];
  'temporal-sdk': readonly string[];
  temporal: readonly string[];
}

const jobs = ['rgsweep', 'temporal-sdk', 'temporal'] as const;
const fileOf = (folder: string, job: string) => join(folder, 'targets', `${job}.json`);

/**
 * Tells Prometheus where the metrics of a running stack are: `targets/JOB.json` below the folder, in the form of its file
 * based discovery, which reads a file again when it changes. Each is replaced whole.
 * @param targets addresses of metrics pages, `http://127.0.0.1:9464/metrics`; empty ones are left out
 */
export function writeScrapeTargets(folder: string, targets: ScrapeTargets): void {
  mkdirSync(join(folder, 'targets'), { recursive: true });
  for (const job of jobs) {
    const hosts = targets[job].filter((url) => url !== '').map((url) => new URL(url).host);
    const file = fileOf(folder, job);
    writeFileSync(`${file}.new`, `${JSON.stringify([{ targets: hosts, labels: { machine: 'local' } }])}\n`);
    renameSync(`${file}.new`, file);
  }
}

/** A stack that has ended has no targets: nothing is then reported as down. */
export function removeScrapeTargets(folder: string): void {
  for (const job of jobs) rmSync(fileOf(folder, job), { force: true });
}
