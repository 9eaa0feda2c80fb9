import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { initWasm, Resvg } from '@resvg/resvg-wasm';

const { resolve } = createRequire(import.meta.url);
const fontNames = ['DejaVuSans.ttf', 'DejaVuSans-Bold.ttf'];

/** The renderer and its fonts, loaded once by whoever draws first. */
let loading: Promise<Uint8Array[]> | undefined;

async function load(): Promise<Uint8Array[]> {
  await initWasm(await readFile(resolve('@resvg/resvg-wasm/index_bg.wasm')));
  return Promise.all(
    fontNames.map(async (name) => new Uint8Array(await readFile(resolve(`dejavu-fonts-ttf/ttf/${name}`)))),
  );
}

/**
 * A self-contained SVG as a PNG. Text is set in DejaVu Sans, which has every letter of the pictures (γ, k̂, ⁻¹), so that a
 * picture is the same to the byte on every machine, whatever fonts that has.
 *
 * @param svg markup with a size of its own
 * @param zoom pixels for each of its units; 2 is sharp on paper and on dense screens
 */
export async function rasterize(svg: string, zoom = 2): Promise<Uint8Array> {
  const fontBuffers = await (loading ??= load());
  // The renderer knows SVG's own word for pixels that stay squares, and not the one of CSS.
  const drawing = new Resvg(svg.replaceAll('image-rendering:pixelated', 'image-rendering:optimizeSpeed'), {
    fitTo: { mode: 'zoom', value: zoom },
    font: { fontBuffers, defaultFontFamily: 'DejaVu Sans', sansSerifFamily: 'DejaVu Sans' },
  });
  try {
    const image = drawing.render();
    try {
      return image.asPng();
    } finally {
      image.free();
    }
  } finally {
    drawing.free();
  }
}
