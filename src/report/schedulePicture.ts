import * as vega from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';

/** A picture of a schedule: a file's name and its SVG. */
export interface SchedulePicture {
  name: string;
  title: string;
  svg: string;
}

const paperColour = '#ffffff';
const inkColour = '#1c2430';
const mutedColour = '#5b6675';

const exponent = 'log(datum.value) / LN10';
const inSuperscript = [...'-0123456789'].reduce(
  (text, digit, i) => `replace(${text}, /${digit}/g, '${[...'⁻⁰¹²³⁴⁵⁶⁷⁸⁹'][i]}')`,
  `toString(round(${exponent}))`,
);

/** An axis over decades: labels at powers of ten alone, 10⁻² and not 1e-2. */
export const decadesAxis = {
  tickCount: 6,
  labelExpr: `abs(${exponent} - round(${exponent})) > 1e-6 ? '' : '10' + ${inSuperscript}`,
};

/** A vega-lite picture in the schedules' style, as SVG. */
export async function renderPicture(spec: TopLevelSpec): Promise<string> {
  const { spec: compiled } = compile({
    ...spec,
    background: paperColour,
    config: {
      font: 'Helvetica, Arial, sans-serif',
      view: { stroke: null },
      axis: {
        labelColor: mutedColour,
        titleColor: inkColour,
        gridColor: '#e4e8ee',
        titleFontWeight: 'normal',
        labelFlush: false,
      },
      legend: { labelColor: inkColour, titleColor: inkColour, titleFontWeight: 'normal', labelLimit: 260 },
      title: {
        anchor: 'start',
        color: inkColour,
        subtitleColor: mutedColour,
        offset: 12,
        subtitlePadding: 4,
      },
    },
  });
  const view = new vega.View(vega.parse(compiled), { renderer: 'none' });
  try {
    return await view.toSVG();
  } finally {
    view.finalize();
  }
}
