import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InvalidArgumentError } from 'commander';

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
 */
export async function writePictures(
  folder: string,
  pictures: readonly { name: string; svg: string }[],
  formats: readonly PictureFormat[],
): Promise<string[]> {
  await mkdir(folder, { recursive: true });
  const paths: string[] = [];
  for (const { name, svg } of pictures)
    for (const format of formats) {
      const path = join(folder, `${name}.${format}`);
      await writeFile(
        path,
        format === 'svg' ? svg : await (await import('../report/rasterize.js')).rasterize(svg),
      );
      paths.push(path);
    }
  return paths;
}
