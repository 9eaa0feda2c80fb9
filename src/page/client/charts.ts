import type { ChartAnswer, ChartPlace, RowText } from '../api.js';
import { el } from './dom.js';
import { getJson } from './net.js';

/** Pictures of a running sweep are asked for again after this long, even when no trial changed: the clock is in them. */
const staleMilliseconds = 12_000;
/** Between two drawings of one chart, however often trials change. */
const pauseMilliseconds = 4000;

interface TrustedPolicy {
  createHTML(text: string): string;
}
const trusted = (
  globalThis as unknown as {
    trustedTypes?: { createPolicy(name: string, rules: { createHTML(text: string): string }): TrustedPolicy };
  }
).trustedTypes?.createPolicy('rgsweep-charts', { createHTML: (text) => text });

/** One SVG element that our own server drew, read by the strict rules of XML. */
function readSvg(text: string): Node {
  const parsed = new DOMParser().parseFromString(trusted ? trusted.createHTML(text) : text, 'image/svg+xml');
  if (parsed.documentElement.localName !== 'svg') throw new Error('a chart could not be read');
  return document.importNode(parsed.documentElement, true);
}

/** Puts pictures in the place of what was there, one a turn of the event loop: a dozen of thousands of marks at once would stop a scroll. */
async function replaceInTurn(picture: HTMLElement, svgs: readonly string[]): Promise<void> {
  for (const [place, svg] of svgs.entries()) {
    if (place > 0) await new Promise((resolve) => setTimeout(resolve));
    const before = picture.childNodes[place];
    if (before) before.replaceWith(readSvg(svg));
    else picture.append(readSvg(svg));
  }
  while (picture.childNodes.length > svgs.length) picture.lastChild!.remove();
}

/** Charts are asked for one after the other, those in view first. */
let queue: Promise<unknown> = Promise.resolve();
function inTurn<T>(work: () => Promise<T>): Promise<T> {
  const result = queue.then(work);
  queue = result.catch(() => undefined);
  return result;
}

/** One chart: drawn when it comes into view, and again when its data changed while it is there. */
export class ChartView {
  readonly element: HTMLElement;
  private readonly picture = el('div', { class: 'picture', 'aria-busy': 'true' });
  private readonly caption = el('figcaption');
  private readonly selects: HTMLSelectElement[] = [];
  private visible = false;
  private version: string | undefined;
  private askedAt = 0;
  private shown: string | undefined;
  private asking = false;
  private query = '';
  private wanted = '';
  private running = false;

  constructor(
    private readonly base: string,
    private readonly place: ChartPlace,
    private readonly fixed = '',
  ) {
    const choices = (place.choices ?? []).map(({ parameter, title, options, chosen }) => {
      const select = el(
        'select',
        { 'data-parameter': parameter, change: () => this.choose() },
        ...options.map(({ value, title: words }) => el('option', { value }, words)),
      );
      select.value = chosen;
      this.selects.push(select);
      return el('label', {}, `${title} `, select);
    });
    this.caption.textContent = place.caption;
    this.element = el(
      'figure',
      { id: `chart-${place.id}`, class: place.small ? 'half' : 'full' },
      el('h3', {}, place.title),
      choices.length > 0 && el('div', { class: 'tools' }, ...choices),
      this.picture,
      this.caption,
    );
    observer.observe(this.element);
    views.set(this.element, this);
  }

  /** Tells what there is now; a chart that nobody sees waits. */
  refresh(version: string, running: boolean, query = ''): void {
    this.wanted = version;
    this.running = running;
    if (query !== this.query) {
      this.query = query;
      this.version = undefined;
    }
    this.drawIfNeeded();
  }

  setVisible(visible: boolean): void {
    this.visible = visible;
    if (visible) this.drawIfNeeded();
  }

  dispose(): void {
    observer.unobserve(this.element);
    views.delete(this.element);
  }

  private choose(): void {
    this.version = undefined;
    this.drawIfNeeded();
  }

  private drawIfNeeded(): void {
    if (!this.visible || this.asking || this.wanted === '') return;
    const age = Date.now() - this.askedAt;
    const fresh = this.version === this.wanted && !(this.running && age > staleMilliseconds);
    if (fresh || (this.version !== undefined && age < pauseMilliseconds)) return;
    this.asking = true;
    this.version = this.wanted;
    void inTurn(() => this.draw()).finally(() => {
      this.askedAt = Date.now();
      this.asking = false;
      this.drawIfNeeded();
    });
  }

  private async draw(): Promise<void> {
    const query = new URLSearchParams(this.query);
    for (const select of this.selects) query.set(select.dataset['parameter'] ?? '', select.value);
    try {
      const answer = await getJson<ChartAnswer>(
        `${this.base}/charts/${this.place.id}?${this.fixed}${this.fixed ? '&' : ''}${query.toString()}`,
      );
      const text = JSON.stringify(answer);
      if (text === this.shown) return;
      this.shown = text;
      this.picture.classList.toggle('several', answer.svgs.length > 1);
      if (answer.svgs.length > 0) await replaceInTurn(this.picture, answer.svgs);
      else
        this.picture.replaceChildren(
          el('p', { class: 'empty' }, answer.empty ?? 'There is nothing to draw yet.'),
        );
    } catch (error) {
      this.version = undefined;
      // A chart that was drawn once stays as it is; the line above the page says what is wrong.
      if (this.shown === undefined)
        this.picture.replaceChildren(
          el('p', { class: 'empty' }, error instanceof Error ? error.message : String(error)),
        );
    } finally {
      this.picture.removeAttribute('aria-busy');
    }
  }
}

const views = new Map<Element, ChartView>();
const observer = new IntersectionObserver(
  (entries) => {
    for (const entry of entries) views.get(entry.target)?.setVisible(entry.isIntersecting);
  },
  { rootMargin: '300px' },
);

/** The trial that a mark of a chart stands for. */
export function trialOf(target: EventTarget | null): number | undefined {
  const mark = target instanceof Element ? target.closest<SVGElement>('svg [data-trial]') : null;
  return mark ? Number(mark.dataset['trial']) : undefined;
}

/** Shows what is known of a trial beside the pointer while that is on one of its marks. */
export function showTips(
  within: HTMLElement,
  rowOf: (trial: number) => { row: RowText; lines: string[] } | undefined,
): void {
  const tip = el('div', { class: 'tip', hidden: true, 'aria-hidden': 'true' });
  within.append(tip);
  within.addEventListener('pointermove', (event) => {
    const trial = trialOf(event.target);
    const found = trial === undefined ? undefined : rowOf(trial);
    if (!found) {
      tip.hidden = true;
      return;
    }
    if (tip.dataset['trial'] !== String(trial)) {
      tip.dataset['trial'] = String(trial);
      tip.replaceChildren(
        el('strong', {}, `trial ${trial}`),
        ...found.lines.map((line) => el('span', {}, line)),
      );
    }
    tip.hidden = false;
    const { innerWidth, innerHeight } = window;
    const left = Math.min(event.clientX + 14, innerWidth - tip.offsetWidth - 8);
    const below = event.clientY + 16;
    const top = below + tip.offsetHeight > innerHeight - 8 ? event.clientY - tip.offsetHeight - 12 : below;
    tip.style.left = `${Math.max(8, left)}px`;
    tip.style.top = `${Math.max(8, top)}px`;
  });
  within.addEventListener('pointerleave', () => (tip.hidden = true));
}
