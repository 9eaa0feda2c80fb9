/** Runs long work with a bar on standard error, which goes away at the end; Ctrl-C cancels it. */
export async function withProgress<T>(
  title: string,
  work: (show: (fraction: number, what?: string) => void, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { progressBar } = await import('../report/progress.js');
  const { formatDuration } = await import('../report/figures.js');
  const { stderr } = process;
  const started = performance.now();
  let drawnAt = -Infinity;
  const show = (fraction: number, what = ''): void => {
    const now = performance.now();
    // A terminal is redrawn in place; without one a line now and then is enough.
    if (now - drawnAt < (stderr.isTTY ? 200 : 5000)) return;
    drawnAt = now;
    const seconds = (now - started) / 1000;
    const left =
      fraction > 0.02 ? `  about ${formatDuration((seconds * (1 - fraction)) / fraction)} left` : '';
    const percent = `${Math.floor(100 * fraction)} %`.padStart(5);
    if (stderr.isTTY)
      stderr.write(`\r\x1b[2K${title} ${progressBar(fraction, 24)} ${percent}  ${what}${left}`);
    else stderr.write(`${title} ${percent}  ${what}${left}\n`);
  };
  const stop = new AbortController();
  const abort = (): void => stop.abort();
  process.once('SIGINT', abort);
  process.once('SIGTERM', abort);
  try {
    return await work(show, stop.signal);
  } finally {
    process.off('SIGINT', abort);
    process.off('SIGTERM', abort);
    if (stderr.isTTY) stderr.write('\r\x1b[2K');
  }
}
