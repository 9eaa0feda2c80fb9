import { join } from 'node:path';
import { perConfigurationOf } from '../report/pairs.js';
import { renderReport } from '../report/html.js';
import { loadReport, writeWhole } from '../report/report.js';
import { resultTable } from '../report/table.js';
import { verdict } from '../report/verdict.js';
import type { ObjectStore } from '../store/types.js';
import { shownPath } from './shownPath.js';

/** What a sweep found: the table, one sentence, and the HTML report, written into `folder`/reports. */
export async function showResult(options: {
  store: ObjectStore;
  sweep: string;
  folder: string;
  output: NodeJS.WritableStream & { columns?: number };
  /** Takes one line about something that the report has to do without. */
  onWarning: (line: string) => void;
}): Promise<void> {
  const { store, sweep, folder, output, onWarning } = options;
  const input = await loadReport(store, sweep, { onWarning });
  const table = resultTable(input.snapshot, output.columns ?? 100);
  output.write(`\n${table}\n\n${verdict(input.snapshot, perConfigurationOf(input))}\n`);
  const file = join(folder, 'reports', `${sweep}.html`);
  await writeWhole(file, await renderReport(input));
  output.write(`\nreport  ${shownPath(file)}\n`);
}
