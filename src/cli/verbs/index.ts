import type { Command } from 'commander';
import { register as archive } from './archive.js';
import { register as backend } from './backend.js';
import { register as clone } from './clone.js';
import { register as compare } from './compare.js';
import { register as data } from './data.js';
import { register as doctor } from './doctor.js';
import { register as enqueue } from './enqueue.js';
import { register as evaluate } from './evaluate.js';
import { register as extend } from './extend.js';
import { register as gc } from './gc.js';
import { register as importance } from './importance.js';
import { register as launch } from './launch.js';
import { register as list } from './list.js';
import { register as optimize } from './optimize.js';
import { register as pause } from './pause.js';
import { register as exporting } from './export.js';
import { register as report } from './report.js';
import { register as sample } from './sample.js';
import { register as schedule } from './schedule.js';
import { register as resume } from './resume.js';
import { register as show } from './show.js';
import { register as status } from './status.js';
import { register as stop } from './stop.js';
import { register as trainer } from './trainer.js';
import { register as trials } from './trials.js';
import { register as ui } from './ui.js';
import { register as up } from './up.js';
import { register as worker } from './worker.js';

/** Every verb, in the order that help shows them. */
export const verbs: readonly ((program: Command) => void)[] = [
  up,
  launch,
  clone,
  list,
  status,
  trials,
  show,
  ui,
  report,
  exporting,
  compare,
  importance,
  pause,
  resume,
  stop,
  extend,
  enqueue,
  sample,
  evaluate,
  archive,
  gc,
  schedule,
  data,
  backend,
  trainer,
  optimize,
  worker,
  doctor,
];
