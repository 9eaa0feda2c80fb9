import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { encodeStatistics, statisticsOfSpectrum } from '../../src/basis/statistics.js';
import { showSchedule, type ScheduleViewOptions } from '../../src/cli/scheduleView.js';
import { presets } from '../../src/schedule/presets.js';

const folder = mkdtempSync(join(tmpdir(), 'rgsweep-schedule-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const statistics = join(folder, 'statistics.safetensors');
writeFileSync(
  statistics,
  encodeStatistics(
    statisticsOfSpectrum({ height: 6, width: 6, channels: 1 }, (n, m) => 1 / (1 + n * (6 - n) + m * (6 - m))),
  ),
);
const options: ScheduleViewOptions = {
  times: [0, 0.5, 1],
  samples: 50,
  statistics,
};

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

async function show(target: string | undefined, more: Partial<ScheduleViewOptions> = {}): Promise<string> {
  let out = '';
  await showSchedule(target, { ...options, ...more }, (text) => (out += text));
  return out;
}

describe('rgsweep schedule', () => {
  it('lists the presets', async () => {
    const text = await show(undefined);
    for (const name of Object.keys(presets)) expect(text).toContain(`${name} `);
  });

  it('tabulates a preset, and says the same as JSON', async () => {
    const text = await show('gud-soft');
    expect(text).toMatch(/fourier · matched · sigmoid 0\.5 by momentum · linear/);
    expect(text).toMatch(/Gaussian score per component: exact/);
    const json = JSON.parse(await show('gud-soft', { json: true })) as {
      family: string;
      hierarchy: number;
      rows: { t: number; gamma: number; multiplicity: number }[];
    };
    expect(json.family).toBe('component-wise');
    expect(json.hierarchy).toBeGreaterThan(0);
    expect(json.rows).toHaveLength(30);
    expect(Math.max(...json.rows.filter(({ t }) => t === 0).map(({ gamma }) => gamma))).toBeCloseTo(-7, 9);
    expect(text.split('\n').filter((line) => line.includes('-7.0000'))).toHaveLength(1);
  });

  it('reads parameter files, trial records and processes given as data; generates φ⁴ where no statistics are given', async () => {
    expect(await show(file('a.yaml', 'colour: matched\nkernel: erf\n'))).toMatch(/matched · erf 1/);
    expect(
      await show(file('trial.json', JSON.stringify({ trial: 3, parameters: { basis: 'pixel' } }))),
    ).toMatch(/pixel · white[^]*diagonal approximation/);
    const given = 'process: { basis: fourier, times: [0, 1], drift: [-1, -1], diffusion: [2, 2] }';
    expect(await show(file('process.yaml', given))).toMatch(/given A\(t\), B\(t\)[^]*family other/);
    expect(await show('standard', { statistics: undefined, size: 4 })).toMatch(/fourier · white · uniform/);
  });

  it('draws: every picture has its marks, and the strips their images', async () => {
    const pictures = join(folder, 'pictures');
    await show('wavelet-hard', { pictures });
    expect(readdirSync(pictures).sort()).toEqual([
      'cutoff.svg',
      'gamma.svg',
      'noise.svg',
      'snr.svg',
      'spectra.svg',
      'strips.svg',
    ]);
    for (const name of ['gamma', 'noise', 'snr']) {
      const svg = readFileSync(join(pictures, `${name}.svg`), 'utf8');
      expect(svg.startsWith('<svg')).toBe(true);
      expect(svg.match(/aria-roledescription="line mark"/g)!.length).toBeGreaterThanOrEqual(3);
      expect(svg).not.toMatch(/NaN|undefined/);
    }
    await show('wavelet-hard', { pictures, format: ['png'] });
    for (const name of readdirSync(pictures).filter((file) => file.endsWith('.png')))
      expect(readFileSync(join(pictures, name)).length, name).toBeGreaterThan(20_000);
    expect(readdirSync(pictures)).toHaveLength(12);
    const strips = readFileSync(join(pictures, 'strips.svg'), 'utf8');
    expect(strips.match(/<image /g)).toHaveLength(36);
    const [, first] = /base64,([^"]+)"/.exec(strips)!;
    expect(Buffer.from(first!, 'base64').subarray(1, 4).toString()).toBe('PNG');
  });

  it('follows a second coupling through the same process: both meet at t = 1, matched noise keeps the spectrum', async () => {
    const pictures = join(folder, 'universality');
    const both = { statistics: undefined, size: 4, samples: 400, against: 5.276 };
    const text = await show('gud-soft', { ...both, json: true, pictures, set: { gammaHigh: 8 } });
    const { spectrumChange, against } = JSON.parse(text) as {
      spectrumChange: number;
      against: { apart: { t: number; logRatio: number }[] };
    };
    expect(spectrumChange).toBeLessThan(1e-12);
    expect(against.apart[0]).toMatchObject({ t: 0 });
    expect(against.apart[0]!.logRatio).toBeGreaterThan(0.2);
    expect(against.apart.at(-1)!.t).toBe(1);
    expect(against.apart.at(-1)!.logRatio).toBeLessThan(1e-2);
    for (const [name, lines] of [
      ['kurtosis', 5],
      ['universality', 21],
    ] as const) {
      const svg = readFileSync(join(pictures, `${name}.svg`), 'utf8');
      expect(svg.match(/aria-roledescription="line mark"/g)!.length).toBeGreaterThanOrEqual(lines);
      expect(svg).not.toMatch(/NaN|undefined/);
    }
    expect(await show('gud-soft', { ...both, json: false })).toMatch(/couplings 6.975 and 5.276: log ratio/);
    await expect(show('gud-soft', { against: 5 })).rejects.toThrow(/--against compares couplings/);
    await expect(show('gud-soft', { set: { cutoffWidth: -1 } })).rejects.toThrow(
      /gud-soft: cutoffWidth is -1/,
    );
  });

  it('refuses options of other data, and lattices out of bounds, before data are made', async () => {
    const made = (more: Partial<ScheduleViewOptions>) => show('standard', { statistics: undefined, ...more });
    await expect(made({ size: 65 })).rejects.toThrow(/--size is 65; φ⁴ has 2 to 64/);
    await expect(made({ size: 1 })).rejects.toThrow(/--size is 1;/);
    await expect(made({ kind: 'dead-leaves' })).rejects.toThrow(
      /--kind is of --task images; the task is phi4/,
    );
    await expect(made({ store: 'x' })).rejects.toThrow(/--store is of --task cifar10/);
    await expect(made({ task: 'images', coupling: 1 })).rejects.toThrow(/--coupling is of --task phi4/);
    await expect(made({ task: 'images', exponent: 1 })).rejects.toThrow(
      /--exponent is of --kind gaussian-field/,
    );
    await expect(made({ task: 'images', size: 65 })).rejects.toThrow(/size is 65.*4 to 64/);
    await expect(made({ task: 'cifar10', size: 32 })).rejects.toThrow(/--size is of --task phi4 and images/);
    await expect(show('standard', { size: 4 })).rejects.toThrow(
      /--size says what the data are.*--statistics/,
    );
  });

  it('bad input is one clear error', async () => {
    await expect(show('no-such-thing')).rejects.toThrow(/no-such-thing: neither a preset nor a file/);
    await expect(show(file('b.yaml', 'color: white\n'))).rejects.toThrow(/b\.yaml.*"color"/);
    await expect(show(file('c.yaml', 'cutoffWidth: wide\n'))).rejects.toThrow(/cutoffWidth is "wide"/);
    await expect(show(file('d.yaml', '- 1\n'))).rejects.toThrow(/no map of parameters/);
    await expect(show(file('e.yaml', 'a: [\n'))).rejects.toThrow(/e\.yaml/);
    await expect(show(file('f.yaml', 'process: { times: 3, drift: [1], diffusion: [1] }'))).rejects.toThrow(
      /process\.times is 3/,
    );
    await expect(show('standard', { statistics: join(folder, 'none') })).rejects.toThrow(/cannot be read/);
  });
});
