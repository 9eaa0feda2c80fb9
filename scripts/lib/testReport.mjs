/**
 * Counts tests from vitest's JSON report. What went wrong outside any test (a file that does not load, an unhandled
 * error, no report at all, no test run) counts as one failure each, so that nothing broken can close with `0 failed`.
 * @param {string | undefined} json the report, or undefined when vitest wrote none
 * @param {number} exitCode vitest's own
 */
export function countTests(json, exitCode) {
  const problems = [];
  const counts = { passed: 0, failed: 0, skipped: 0 };
  let report;
  try {
    report = JSON.parse(json ?? '');
  } catch {
    problems.push(`vitest ended with exit code ${exitCode} and wrote no report`);
    return { ...counts, failed: 1, problems };
  }
  for (const file of report.testResults ?? []) {
    for (const { status } of file.assertionResults) {
      if (status === 'passed') counts.passed++;
      else if (status === 'failed') counts.failed++;
      else counts.skipped++;
    }
    if (file.status === 'failed' && !file.assertionResults.some(({ status }) => status === 'failed')) {
      counts.failed++;
      problems.push(`${file.name} failed outside its tests`);
    }
  }
  if (exitCode !== 0 && counts.failed === 0) {
    counts.failed++;
    problems.push(`vitest ended with exit code ${exitCode}: an error outside any test`);
  }
  if (counts.passed + counts.failed === 0) {
    counts.failed++;
    problems.push('no test ran');
  }
  return { ...counts, problems };
}
