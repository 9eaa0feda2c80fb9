import type { ActionText, SectionText, SweepAnswer, TileText, TrialsAnswer } from '../api.js';
import { ChartView, showTips } from './charts.js';
import { announce, ask, badge, createPart, dot, el } from './dom.js';
import { getJson, postAction, Problem } from './net.js';
import { bar, runningList, standingsTable, tile } from './pieces.js';
import { textOf } from './filter.js';
import { TrialTableView } from './table.js';
import type { View } from './view.js';

/** A sweep: the answer, what runs, the comparison, charts and all trials. */
export class SweepView implements View {
  title: string;
  readonly element = el('main', { id: 'content' });
  private readonly base: string;
  private readonly table: TrialTableView;
  private readonly charts: ChartView[] = [];
  private readonly comparing = new Set<ChartView>();
  private compared: number[] = [];
  private version = 0;
  private answer: SweepAnswer | undefined;
  private readonly sections = el('div');
  private readonly trials = el('section', { id: 'trials', 'aria-labelledby': 'trials-title' });
  private readonly said = el('p', { class: 'said', role: 'status' });
  private readonly parts: ((answer: SweepAnswer) => void)[] = [];
  private readonly setSections: (sections: SectionText[]) => void;
  private readonly setShared: (shared: string[]) => void;

  constructor(private readonly sweep: string) {
    this.title = sweep;
    this.base = `sweeps/${encodeURIComponent(sweep)}`;
    this.table = new TrialTableView({
      sweep,
      onCompare: (trials) => {
        this.compared = trials;
        this.refreshCharts();
      },
    });
    const kicker = el('p', { class: 'kicker' });
    const state = el('span');
    const buttons = el('div', { class: 'buttons' });
    const notice = el('p', { class: 'notice', role: 'status' });
    const verdict = el('p', { class: 'answer' });
    const progress = el('div');
    const tiles = el('dl', { class: 'tiles' });
    const running = el('section', { 'aria-label': 'Running now' });
    const standings = el('section', { id: 'baselines' });
    const unsettled = el('section', { id: 'unsettled' });
    const nav = el('nav', { 'aria-label': 'Sections' });
    const shared = el('p', { class: 'lead' });
    const rows = el('p', { class: 'lead' });
    this.trials.hidden = true;
    this.trials.append(el('h2', { id: 'trials-title' }, 'All trials'), rows, this.table.element, shared);
    this.element.append(
      el(
        'header',
        {},
        kicker,
        el('div', { class: 'heading' }, el('h1', { tabindex: '-1' }, sweep), state, buttons),
        this.said,
        notice,
        verdict,
        progress,
        tiles,
        nav,
      ),
      running,
      standings,
      unsettled,
      this.sections,
      this.trials,
    );
    this.part(
      kicker,
      ({ kicker: text }) => text,
      (text) => [text],
    );
    this.part(
      state,
      (answer) => answer.state,
      (text) => [badge(text)],
    );
    this.part(
      notice,
      (answer) => answer.notice ?? '',
      (text) => (text ? [text] : []),
    );
    this.part(
      verdict,
      (answer) => answer.verdict,
      (text) => [text],
    );
    this.part(
      progress,
      ({ progress: steps, data }) => ({ steps, data }),
      ({ steps, data }) => [
        data && bar(data.fraction, `data: ${data.text}`, 'Progress of the data set'),
        steps && bar(steps.fraction, steps.text, 'Progress of the sweep'),
      ],
    );
    this.part<TileText[]>(
      tiles,
      (answer) => answer.tiles,
      (all) => all.map(tile),
    );
    this.part(
      buttons,
      (answer) => answer.actions,
      (actions) => actions.map((action) => this.button(action)),
    );
    this.part(
      running,
      (answer) => answer.running,
      (lines) => runningList(sweep, lines),
    );
    this.part(
      standings,
      (answer) => answer.standings,
      (value) => standingsTable(sweep, value),
    );
    this.part(
      unsettled,
      (answer) => answer.unsettled,
      (lines) =>
        lines.length === 0
          ? []
          : [
              el(
                'details',
                {},
                el('summary', {}, `What the search has not settled (${lines.length})`),
                el('ul', {}, ...lines.map((line) => el('li', {}, line))),
              ),
            ],
    );
    this.part(
      nav,
      (answer) => answer.sections.map(({ id, title }) => [id, title] as const),
      (all) =>
        [...all, ['trials', 'All trials'] as const].map(([id, title]) => el('a', { href: `#${id}` }, title)),
    );
    this.part(
      rows,
      (answer) => answer.rows ?? '',
      (text) => (text ? [text] : []),
    );
    this.setShared = createPart<string[]>(shared, (all) =>
      all.length > 0 ? [`The same wherever given: ${all.join(', ')}.`] : [],
    );
    this.setSections = createPart<SectionText[]>(this.sections, (all) => this.makeSections(all));
    showTips(this.element, (trial) => {
      const row = this.table.rows.get(trial);
      if (!row) return undefined;
      const columns = this.table.columns;
      const figures = [2, 3, 4].flatMap((index) => {
        const text = textOf(row.cells[index]);
        return text === '' ? [] : [`${columns[index]!.title}: ${text}`];
      });
      return { row, lines: [textOf(row.cells[1]), ...figures, textOf(row.cells[6])] };
    });
  }

  async update(signal: AbortSignal): Promise<void> {
    // The first view needs both: neither waits for the other.
    const all = this.version === 0 ? this.askTrials(signal) : undefined;
    all?.catch(() => undefined);
    const answer = await getJson<SweepAnswer>(this.base, signal);
    for (const part of this.parts) part(answer);
    const percent = answer.progress ? ` · ${Math.floor(100 * answer.progress.fraction)} %` : '';
    this.title = `${answer.name}${percent}`;
    if (this.answer && this.answer.state !== answer.state) announce(`The sweep is ${answer.state}.`);
    this.answer = answer;
    this.trials.hidden = false;
    this.setShared(answer.shared);
    // Axis choices stay as the reader set them: a section is made again only when its charts are others.
    this.setSections(
      answer.sections.map((section) => ({
        ...section,
        charts: section.charts.map((chart) => ({ ...chart, caption: '' })),
      })),
    );
    this.setCaptions(answer.sections);
    if (answer.version !== this.version || this.table.rows.size !== answer.trials) {
      const rows = await (all ?? this.askTrials(signal));
      this.table.take(rows, answer.columns, answer.best);
      this.version = rows.version;
    }
    this.refreshCharts();
  }

  /** Trials that changed since the version that is shown. */
  private askTrials(signal: AbortSignal): Promise<TrialsAnswer> {
    return getJson<TrialsAnswer>(`${this.base}/trials?since=${this.version}`, signal);
  }

  dispose(): void {
    for (const chart of this.charts) chart.dispose();
  }

  private part<T>(
    element: HTMLElement,
    read: (answer: SweepAnswer) => T,
    render: (value: T) => Parameters<typeof el>[2][],
  ): void {
    const set = createPart<T>(element, render);
    this.parts.push((answer) => set(read(answer)));
  }

  private makeSections(sections: SectionText[]): HTMLElement[] {
    for (const chart of this.charts.splice(0)) chart.dispose();
    this.comparing.clear();
    return sections.map((section) =>
      el(
        'section',
        { id: section.id, 'aria-labelledby': `${section.id}-title` },
        el('h2', { id: `${section.id}-title` }, section.title),
        section.lead !== undefined && el('p', { class: 'lead' }, section.lead),
        section.keys.length > 0 &&
          el(
            'ul',
            { class: 'keys' },
            ...section.keys.map(({ color, text }) => el('li', {}, dot(color), text)),
          ),
        el(
          'div',
          { class: 'charts' },
          ...section.charts.map((place) => {
            const chart = new ChartView(this.base, place);
            this.charts.push(chart);
            if (section.id === 'schedules') this.comparing.add(chart);
            return chart.element;
          }),
        ),
      ),
    );
  }

  private setCaptions(sections: readonly SectionText[]): void {
    for (const { id, caption } of sections.flatMap(({ charts }) => charts)) {
      const element = this.sections.querySelector(`#chart-${CSS.escape(id)} figcaption`);
      if (element && element.textContent !== caption) element.textContent = caption;
    }
  }

  private refreshCharts(): void {
    if (!this.answer) return;
    const running = this.answer.state === 'running';
    const query = this.compared.length > 0 ? `trials=${this.compared.join(',')}` : '';
    for (const chart of this.charts)
      chart.refresh(String(this.answer.version), running, this.comparing.has(chart) ? query : '');
  }

  private button({ action, title, question, text }: ActionText): HTMLElement {
    const act = async (button: HTMLButtonElement): Promise<void> => {
      const given = question === '' ? '' : await ask(question, title, text);
      if (given === undefined) return;
      button.disabled = true;
      try {
        this.said.textContent = await postAction(this.sweep, action, text === undefined ? undefined : given);
      } catch (error) {
        const remedy = error instanceof Problem && error.remedy !== undefined ? ` → ${error.remedy}` : '';
        this.said.textContent = `${error instanceof Error ? error.message : String(error)}${remedy}`;
      } finally {
        button.disabled = false;
      }
    };
    return el(
      'button',
      {
        type: 'button',
        'data-action': action,
        click: (event) => void act(event.currentTarget as HTMLButtonElement),
      },
      title,
    );
  }
}
