import * as barchart from '@grafana/grafana-foundation-sdk/barchart';
import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import * as common from '@grafana/grafana-foundation-sdk/common';
import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import * as heatmap from '@grafana/grafana-foundation-sdk/heatmap';
import * as prometheus from '@grafana/grafana-foundation-sdk/prometheus';
import * as stat from '@grafana/grafana-foundation-sdk/stat';
import * as timeseries from '@grafana/grafana-foundation-sdk/timeseries';

/** What every panel says of itself. */
export interface About {
  title: string;
  /** What it shows, how to read it, and what to do when it looks bad. */
  description: string;
  /** One of Grafana's units (`@grafana/grafana-foundation-sdk/units`). */
  unit: string;
  /** Columns of 24. */
  span?: number;
  height?: number;
  /** From which value on it is a warning, and an error; the same limits as the alert rules'. */
  limits?: Limits;
  decimals?: number;
  min?: number;
  max?: number;
}

export interface Limits {
  warning?: number;
  error?: number;
}

/** One curve, or one set of them. */
export interface Query {
  expr: string;
  /** Grafana's template over labels, e.g. `{{family}}`. */
  legend: string;
  /** Show the trials behind a histogram's buckets. */
  exemplar?: boolean;
}

export const datasource: common.DataSourceRef = { type: 'prometheus', uid: '${datasource}' };

/** The live page of the chosen sweep (`rgsweep ui`), whose address is the variable `page`. */
function sweepLink(): dashboard.DashboardLinkBuilder {
  return new dashboard.DashboardLinkBuilder('Page of sweep $sweep')
    .type(dashboard.DashboardLinkType.Link)
    .url('${page}/sweeps/${sweep:percentencode}')
    .tooltip('Trials, curves and schedules; needs `rgsweep ui` on this machine')
    .icon('external link')
    .targetBlank(true);
}

/** The parts of panel builders that all kinds of panels share. */
interface AnyPanel extends Builder<dashboard.Panel> {
  title(title: string): this;
  description(description: string): this;
  datasource(datasource: common.DataSourceRef): this;
  links(links: Builder<dashboard.DashboardLink>[]): this;
  span(columns: number): this;
  height(rows: number): this;
  unit(unit: string): this;
  decimals(decimals: number): this;
  min(min: number): this;
  max(max: number): this;
  thresholds(thresholds: Builder<dashboard.ThresholdsConfig>): this;
}

function thresholds({ warning, error }: Limits): dashboard.ThresholdsConfigBuilder {
  const steps: dashboard.Threshold[] = [{ value: null, color: 'green' }];
  if (warning !== undefined) steps.push({ value: warning, color: 'yellow' });
  if (error !== undefined) steps.push({ value: error, color: 'red' });
  return new dashboard.ThresholdsConfigBuilder().mode(dashboard.ThresholdsMode.Absolute).steps(steps);
}

function withAbout<P extends AnyPanel>(panel: P, about: About): P {
  const { title, description, unit, span = 8, height = 8, limits, decimals, min, max } = about;
  panel
    .title(title)
    .description(description)
    .datasource(datasource)
    .links([sweepLink()])
    .unit(unit)
    .span(span)
    .height(height)
    .thresholds(thresholds(limits ?? {}));
  if (decimals !== undefined) panel.decimals(decimals);
  if (min !== undefined) panel.min(min);
  if (max !== undefined) panel.max(max);
  return panel;
}

function target({ expr, legend, exemplar = false }: Query, index: number): prometheus.DataqueryBuilder {
  return new prometheus.DataqueryBuilder()
    .expr(expr)
    .legendFormat(legend)
    .refId(String.fromCharCode(65 + index))
    .datasource(datasource)
    .exemplar(exemplar);
}

/** Curves over time; `limits` are drawn as lines. */
export function curves(
  about: About,
  queries: Query[],
  { stacked = false, points = false }: { stacked?: boolean; points?: boolean } = {},
): timeseries.PanelBuilder {
  const panel = withAbout(new timeseries.PanelBuilder(), about)
    .targets(queries.map((query, index) => target(query, index).range()))
    .lineWidth(2)
    .fillOpacity(stacked ? 25 : 0)
    .showPoints(points ? common.VisibilityMode.Always : common.VisibilityMode.Never)
    .spanNulls(points)
    .colorScheme(new dashboard.FieldColorBuilder().mode(dashboard.FieldColorModeId.PaletteClassicByName))
    .legend(
      new common.VizLegendOptionsBuilder()
        .displayMode(common.LegendDisplayMode.List)
        .placement(common.LegendPlacement.Bottom)
        .showLegend(true),
    )
    .tooltip(new common.VizTooltipOptionsBuilder().mode(common.TooltipDisplayMode.Multi));
  if (stacked) panel.stacking(new common.StackingConfigBuilder().mode(common.StackingMode.Normal));
  if (about.limits)
    panel.thresholdsStyle(
      new common.GraphThresholdsStyleConfigBuilder().mode(common.GraphThresholdsStyleMode.Dashed),
    );
  return panel;
}

/** One number, or a name when `named`. */
export function figure(about: About, query: Query, { named = false } = {}): stat.PanelBuilder {
  return withAbout(new stat.PanelBuilder(), { span: 4, height: 4, ...about })
    .withTarget(target(query, 0).instant())
    .reduceOptions(new common.ReduceDataOptionsBuilder().calcs(['lastNotNull']))
    .graphMode(common.BigValueGraphMode.None)
    .colorMode(about.limits ? common.BigValueColorMode.Background : common.BigValueColorMode.None)
    .textMode(named ? common.BigValueTextMode.Name : common.BigValueTextMode.Value);
}

/**
 * Bars of the values now: one group for each value of the label `rows`, one bar in it for each value of `columns`, in
 * alphabetical order.
 */
export function bars(
  about: About,
  { expr, rows, columns }: { expr: string; rows: string; columns: string },
): barchart.PanelBuilder {
  const axis = `${rows}\\${columns}`;
  return withAbout(new barchart.PanelBuilder(), about)
    .withTarget(target({ expr, legend: '__auto' }, 0).instant().format(prometheus.PromQueryFormat.Table))
    .withTransformation({
      id: 'groupingToMatrix',
      options: { rowField: rows, columnField: columns, valueField: 'Value', emptyValue: 'null' },
    })
    .withTransformation({ id: 'sortBy', options: { sort: [{ field: axis }] } })
    .xField(axis)
    .orientation(common.VizOrientation.Horizontal)
    .showValue(common.VisibilityMode.Always)
    .legend(
      new common.VizLegendOptionsBuilder()
        .displayMode(common.LegendDisplayMode.List)
        .placement(common.LegendPlacement.Bottom)
        .showLegend(true),
    );
}

/** How a histogram's observations spread over its buckets, over time. */
export function spread(about: About, query: Query): heatmap.PanelBuilder {
  return withAbout(new heatmap.PanelBuilder(), about).withTarget(
    target(query, 0).range().format(prometheus.PromQueryFormat.Heatmap),
  );
}

/** A row's title and its panels, in order; Grafana lays them out by their spans. */
export interface Row {
  title: string;
  panels: AnyPanel[];
}

function queryVariable(name: string, label: string, query: string, description: string) {
  return new dashboard.QueryVariableBuilder(name)
    .label(label)
    .description(description)
    .datasource(datasource)
    .query(query)
    .refresh(dashboard.VariableRefresh.OnTimeRangeChanged)
    .sort(dashboard.VariableSort.NaturalAsc);
}

/** Variables of all dashboards: data source, jobs, instances, sweep, and where its live page is. */
function variables(): Builder<dashboard.VariableModel>[] {
  const all = (variable: dashboard.QueryVariableBuilder) =>
    variable.multi(true).includeAll(true).allValue('.+').current({ text: 'All', value: '$__all' });
  return [
    new dashboard.DatasourceVariableBuilder('datasource')
      .label('Data source')
      .description('The Prometheus that scrapes the workers.')
      .type('prometheus'),
    all(queryVariable('job', 'Job', 'label_values(up, job)', 'Scrape jobs: workers, Temporal, GPUs.')),
    all(
      queryVariable(
        'instance',
        'Instance',
        'label_values(up{job=~"$job"}, instance)',
        'Scraped processes: host and port.',
      ),
    ),
    queryVariable(
      'sweep',
      'Sweep',
      'label_values(rgsweep_sweep_state{job=~"$job"}, sweep)',
      'Sweeps that run, and those that ended in the last day.',
    ),
    new dashboard.TextBoxVariableBuilder('page')
      .label('Live page')
      .description('Address of `rgsweep ui` on this machine; the links of the panels go there.')
      .defaultValue('http://127.0.0.1:8244'),
  ];
}

/** A variable for the rung at which trials are compared; the highest that has a result first. */
export function rungVariable(): dashboard.QueryVariableBuilder {
  return queryVariable(
    'rung',
    'Rung',
    'label_values(rgsweep_objective_quantile{job=~"$job", sweep="$sweep"}, rung)',
    'Training budget at which trials are compared: 0 is the first rung. Compare trials at the same rung only.',
  ).sort(dashboard.VariableSort.NumericalDesc);
}

/** A dashboard in the common form: tag, links to its neighbours, variables, rows. */
export function board(input: {
  uid: string;
  title: string;
  description: string;
  rows: Row[];
  more?: Builder<dashboard.VariableModel>[];
}): dashboard.DashboardBuilder {
  const built = new dashboard.DashboardBuilder(input.title)
    .uid(input.uid)
    .description(input.description)
    .tags(['rgsweep'])
    .readonly()
    .tooltip(dashboard.DashboardCursorSync.Crosshair)
    .refresh('15s')
    .time({ from: 'now-3h', to: 'now' })
    .timezone('browser')
    .variables([...variables(), ...(input.more ?? [])])
    .link(sweepLink())
    .link(
      new dashboard.DashboardLinkBuilder('rgsweep')
        .type(dashboard.DashboardLinkType.Dashboards)
        .tags(['rgsweep'])
        .tooltip('The other dashboards, with the same sweep and time range')
        .includeVars(true)
        .keepTime(true),
    );
  for (const { title, panels } of input.rows) {
    built.withRow(new dashboard.RowBuilder(title));
    for (const panel of panels) built.withPanel(panel);
  }
  return built;
}
