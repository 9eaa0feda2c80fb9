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

/** What the browser keeps with an address: the link that led on from it, and which it was of those to the same address. */
interface Place {
  followed: string;
  nth: number;
}

const linksTo = (href: string): HTMLElement[] =>
  view ? [...view.element.querySelectorAll('a')].filter((link) => link.getAttribute('href') === href) : [];

/** Shows what the address says. `back`: the reader was here before and left by this link, which has focus again where it is still there. */
async function show(focus: boolean, back?: Place | null): Promise<void> {
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
  // A mark of a chart is no link: the table's is the last.
  const left = back ? linksTo(back.followed).at(back.nth) : undefined;
  if (left) {
    left.focus({ preventScroll: true });
    left.scrollIntoView({ block: 'center', behavior: 'instant' });
    return;
  }
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
  const nth = linksTo(href).indexOf(link as HTMLElement);
  history.replaceState({ followed: href, nth } satisfies Place, '');
  history.pushState(null, '', href);
  void show(true);
});
window.addEventListener('popstate', () => {
  if (location.pathname !== address) void show(true, history.state as Place | null);
});
document.addEventListener('visibilitychange', () => void look());

void show(false);
