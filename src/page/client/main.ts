import { trialOf } from './charts.js';
import { byId, createPart, el } from './dom.js';
import { Problem } from './net.js';
import { createSweepsView } from './sweepsView.js';
import { SweepView } from './sweepView.js';
import { createTrialView } from './trialView.js';
import type { View } from './view.js';

const pollMilliseconds = 2000;
/** After an answer that failed. */
const slowPollMilliseconds = 5000;

let view: View | undefined;
let address = '';
let leave = new AbortController();
let timer: number | undefined;

const setCrumbs = createPart<[string, string][]>(byId('crumbs'), (crumbs) =>
  crumbs.flatMap(([href, title], index) => [
    el('span', { 'aria-hidden': 'true' }, '/'),
    index === crumbs.length - 1 ? el('span', { 'aria-current': 'page' }, title) : el('a', { href }, title),
  ]),
);
const setProblem = createPart<string[]>(byId('problem'), (lines) => lines.map((line) => el('p', {}, line)));

/** The part of the address that says which sweep and trial. */
function place(): { sweep?: string; trial?: number } {
  const found = /^\/sweeps\/([^/]+)(?:\/trials\/(\d+))?\/?$/.exec(location.pathname);
  if (!found) return {};
  return {
    sweep: decodeURIComponent(found[1]!),
    ...(found[2] === undefined ? {} : { trial: Number(found[2]) }),
  };
}

function createView({ sweep, trial }: ReturnType<typeof place>): View {
  if (sweep === undefined) return createSweepsView();
  return trial === undefined ? new SweepView(sweep) : createTrialView(sweep, trial);
}

/** Shows what the address says. */
async function show(focus: boolean): Promise<void> {
  leave.abort();
  leave = new AbortController();
  view?.dispose();
  const { sweep, trial } = place();
  address = location.pathname;
  view = createView({ sweep, trial });
  setCrumbs(
    sweep === undefined
      ? []
      : [
          [`/sweeps/${encodeURIComponent(sweep)}`, sweep],
          ...(trial === undefined ? [] : [['', `trial ${trial}`] as [string, string]]),
        ],
  );
  const waiting = el('p', { class: 'waiting', role: 'status' }, 'Reading the store …');
  byId('page').replaceChildren(view.element, waiting);
  await look();
  waiting.remove();
  if (!focus) return;
  const target = location.hash ? document.getElementById(location.hash.slice(1)) : null;
  if (target) target.scrollIntoView();
  else {
    window.scrollTo(0, 0);
    view.element.querySelector('h1')?.focus({ preventScroll: true });
  }
}

/** Asks once, and plans the next time. A page that nobody sees asks nothing. */
async function look(): Promise<void> {
  clearTimeout(timer);
  if (document.hidden || !view) return;
  const { signal } = leave;
  let wait = pollMilliseconds;
  try {
    await view.update(signal);
    setProblem([]);
    byId('pulse').textContent = `live · ${new Date().toLocaleTimeString()}`;
  } catch (error) {
    if (signal.aborted) return;
    wait = slowPollMilliseconds;
    const words = error instanceof Error ? error.message : String(error);
    const remedy = error instanceof Problem ? error.remedy : undefined;
    setProblem([words, ...(remedy === undefined ? [] : [`→ ${remedy}`])]);
    byId('pulse').textContent = 'not up to date';
  }
  if (signal.aborted) return;
  document.title = `${view.title} · rgsweep`;
  timer = window.setTimeout(() => void look(), wait);
}

/** Links inside the page change the view instead of loading it anew. */
document.addEventListener('click', (event) => {
  if (
    event.defaultPrevented ||
    event.button !== 0 ||
    event.metaKey ||
    event.ctrlKey ||
    event.shiftKey ||
    event.altKey
  )
    return;
  const { sweep } = place();
  const trial = trialOf(event.target);
  const link = event.target instanceof Element ? event.target.closest('a[href]') : null;
  const href =
    trial !== undefined && sweep !== undefined
      ? `/sweeps/${encodeURIComponent(sweep)}/trials/${trial}`
      : (link?.getAttribute('href') ?? '');
  if (!href.startsWith('/') || href.startsWith('//')) return;
  event.preventDefault();
  history.pushState(null, '', href);
  void show(true);
});
window.addEventListener('popstate', () => {
  if (location.pathname !== address) void show(true);
});
document.addEventListener('visibilitychange', () => void look());

void show(false);
