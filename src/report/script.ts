import { createHash } from 'node:crypto';

/**
 * The only script of a report: leads from a chart's mark to its trial's row, sorts a table by the column whose head is pressed (numbers by `data-value`, missing ones
 * last) and shows only the rows that hold the words typed above it. Without it the tables are simply in their own order.
 */
export const tableScript = `
for (const table of document.querySelectorAll('table[data-sortable]')) {
  const body = table.tBodies[0];
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => head.querySelector('button')?.addEventListener('click', () => {
    const down = head.getAttribute('aria-sort') === 'ascending';
    heads.forEach((other) => other.removeAttribute('aria-sort'));
    head.setAttribute('aria-sort', down ? 'descending' : 'ascending');
    const keyed = [...body.rows].map((row) => {
      const cell = row.cells[column];
      const text = cell.dataset.value ?? cell.textContent.trim();
      return { row, text, number: text === '' ? NaN : Number(text) };
    });
    const compare = (a, b) => {
      const missing = (a.text === '') - (b.text === '');
      if (missing) return missing;
      const order = Number.isNaN(a.number) || Number.isNaN(b.number) ? a.text.localeCompare(b.text) : a.number - b.number;
      return down ? -order : order;
    };
    body.append(...keyed.sort(compare).map(({ row }) => row));
  }));
}
for (const chart of document.querySelectorAll('svg.chart'))
  chart.addEventListener('click', (event) => {
    const mark = event.target.closest('[data-trial]');
    if (mark) location.hash = 'trial-' + mark.dataset.trial;
  });
for (const input of document.querySelectorAll('input[data-filter]')) {
  const rows = [...document.getElementById(input.dataset.filter).tBodies[0].rows].map((row) => [row, row.textContent.toLowerCase()]);
  const count = document.getElementById(input.dataset.filter + '-count');
  input.addEventListener('input', () => {
    const words = input.value.toLowerCase().split(/\\s+/).filter(Boolean);
    let shown = 0;
    for (const [row, text] of rows) {
      row.hidden = !words.every((word) => text.includes(word));
      shown += row.hidden ? 0 : 1;
    }
    count.textContent = shown.toLocaleString('en-US') + ' of ' + rows.length.toLocaleString('en-US');
  });
}
`;

/** What a page may load and run: itself. Were a name ever not escaped, it still could not run or fetch anything. */
export const contentSecurityPolicy = [
  "default-src 'none'",
  "style-src 'unsafe-inline'",
  'img-src data:',
  `script-src 'sha256-${createHash('sha256').update(tableScript).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');
