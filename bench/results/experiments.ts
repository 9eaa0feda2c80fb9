import { presets } from '../../src/schedule/presets.js';
import type { Parameters } from '../../src/space/types.js';

/** Two searches of equal budget and the finals between their winners, on one data set. */
export interface Experiment {
  /** The data set in a table's words. */
  title: string;
  /** The sweep that searches the whole space of schedules. */
  search: string;
  /** The sweep that searches standard diffusion alone. */
  standard: string;
  /** The sweep of the winners and the baselines with five fresh seeds each. */
  finals: string;
  /**
   * Finals in two sweeps by the same rules: the baselines, and other parameter sets by name, that the winners meet in `finals`, and the sweep
   * of all other baselines. Absent: `finals` has all.
   */
  split?: { first: readonly string[]; contenders?: Readonly<Record<string, Parameters>>; others: string };
  /** The sweep that trains trials of all ranks of the search to the end: what early rungs are worth. */
  rungs?: string;
  /** The sweep that trains the best of what is no standard diffusion in effect to the end: what the search left behind. */
  scales?: string;
  /** The sweep that takes the winner of the search apart, by the rules of the finals: what its colour and its cutoff are worth each. */
  ablation?: string;
  /** The sweep that trains the winner of another data set's search here by the rules of the finals: whether what won there wins here. */
  transfer?: { sweep: string; from: string; contender: string };
  /** The space file of the whole search, as a sweep file names it. */
  space: string;
  /** Winners of the whole search in the finals; the first is the one that is judged, others show how far apart the best are. */
  finalists: number;
}

/** In the order of the page. */
export const experiments: readonly Experiment[] = [
  {
    title: 'φ⁴, 6×6, g = 6.975',
    search: 'phi4-headline',
    standard: 'phi4-headline-standard',
    finals: 'phi4-finalists',
    rungs: 'phi4-rungs',
    scales: 'phi4-scales',
    transfer: { sweep: 'phi4-transfer', from: 'phi4-headline-5.276', contender: 'winner-near-criticality' },
    space: '../search-spaces/phi4.yaml',
    finalists: 3,
  },
  {
    title: 'φ⁴, 6×6, g = 5.276',
    search: 'phi4-headline-5.276',
    standard: 'phi4-headline-5.276-standard',
    finals: 'phi4-finalists-5.276',
    split: { first: ['standard', 'vp-cosine'], others: 'phi4-baselines-5.276' },
    ablation: 'phi4-ablation-5.276',
    space: '../search-spaces/phi4.yaml',
    finalists: 1,
  },
  {
    title: 'φ⁴, 8×8, g = 6.008',
    search: 'phi4-headline-8x8',
    standard: 'phi4-headline-8x8-standard',
    finals: 'phi4-finalists-8x8',
    split: { first: ['standard', 'vp-cosine'], others: 'phi4-baselines-8x8' },
    space: '../search-spaces/phi4.yaml',
    finalists: 1,
  },
  {
    title: 'dead leaves of 32×32 pixels',
    search: 'images-headline',
    standard: 'images-headline-standard',
    finals: 'images-finalists',
    // `standard` and `gud-soft` begin at γ = −8 and −7, which blurs 256 grey levels and loosens their bounds; `linear-gamma` begins at −13.3.
    split: {
      first: ['standard', 'linear-gamma'],
      contenders: { 'gud-soft-fine': { ...presets['gud-soft'], gammaLow: -13.3 } },
      others: 'images-baselines',
    },
    space: '../search-spaces/cifar10.yaml',
    finalists: 1,
  },
];
