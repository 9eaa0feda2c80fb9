import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InvalidArgumentError } from 'commander';
import { messageOf, RgsweepError } from '../errors.js';

/** Kinds of picture files. */
export const pictureFormats = ['svg', 'png'] as const;
export type PictureFormat = (typeof pictureFormats)[number];

/** Parser of `svg`, `png` or `svg,png`. */
export function parsePictureFormats(text: string): PictureFormat[] {
  const chosen = text.split(',').map((part) => part.trim());
  const known = chosen.filter((part): part is PictureFormat => pictureFormats.some((one) => one === part));
  if (known.length < chosen.length)
    throw new InvalidArgumentError(`pictures are svg, png, or both (svg,png), not "${text}".`);
  return [...new Set(known)];
}

/**
 * Writes each picture into the folder, in every format asked for.
 *
 * @param pictures names without an ending, and their SVG
 * @returns the paths, picture by picture
 * @throws RgsweepError('usage') for a folder that cannot be written
 */
export async function writePictures(
  folder: string,
  pictures: readonly { name: string; svg: string }[],
  formats: readonly PictureFormat[],
): Promise<string[]> {
  const paths: string[] = [];
  for (const { name, svg } of pictures)
    for (const format of formats) {
      const path = join(folder, `${name}.${format}`);
      const picture = format === 'svg' ? svg : await (await import('../report/rasterize.js')).rasterize(svg);
      try {
        await mkdir(folder, { recursive: true });
        await writeFile(path, picture);
      } catch (error) {
        throw new RgsweepError('usage', `${path} cannot be written: ${messageOf(error)}`, {
          remedy: 'choose another folder, or make room there',
          cause: error,
        });
      }
      paths.push(path);
    }
  return paths;
}
