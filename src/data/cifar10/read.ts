import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { messageOf } from '../../errors.js';
import { openStore } from '../../store/open.js';
import { decodeBatch, refuse, type BinaryBatch } from './format.js';

/** A batch file and the SHA-256 that others have published for it. */
export interface PinnedFile {
  name: string;
  sha256: string;
}

/**
 * The files of cifar-10-binary.tar.gz (MD5 c32a1d4ab5d03f1284b67883e8d87530 on the authors' page). The authors publish no hashes
 * of single files: these are what torchvision-ruby's datasets/cifar10.rb checks against.
 */
export const officialFiles: readonly PinnedFile[] = [
  { name: 'data_batch_1.bin', sha256: 'cee916563c9f80d84e3cc88e17fdc0941787f1244f00a67874d45b261883ada5' },
  { name: 'data_batch_2.bin', sha256: 'a591ca11fa1708a91ee40f54b3da4784ccd871ecf2137de63f51ada8b3fa57ed' },
  { name: 'data_batch_3.bin', sha256: 'bbe8596564c0f86427f876058170b84dac6670ddf06d79402899d93ceea26f67' },
  { name: 'data_batch_4.bin', sha256: '014e562d6e23c72197cc727519169a60359f5eccd8945ad5a09d710285ff4e48' },
  { name: 'data_batch_5.bin', sha256: '755304fc0b379caeae8c14f0dac912fbc7d6cd469eb67a1029a08a39453a9add' },
  { name: 'test_batch.bin', sha256: '8e2eb146ae340b09e24670f29cabc6326dba54da8789dab6768acf480273f65b' },
];

const archiveName = 'cifar-10-binary.tar.gz';
const innerFolder = 'cifar-10-batches-bin';
export const whereToGetIt = `get ${archiveName} from https://www.cs.toronto.edu/~kriz/cifar.html (162 MB, MD5 c32a1d4ab5d03f1284b67883e8d87530) and run \`rgsweep data prepare cifar10 --from ${archiveName}\``;

/**
 * Reads CIFAR-10 from a folder (its .bin files, cifar-10-batches-bin/ with them, or the archive), an archive's path, or a
 * store's URL (file:///…, s3://…) with the same content. Every file is checked before any is used.
 * @param files what is read, training batches in their order, then the test batch
 * @param records of each file
 * @throws RgsweepError('data-missing') naming the file that is missing, truncated, mislabelled or not the published one
 */
export async function readCifar10(
  from: string,
  files: readonly PinnedFile[] = officialFiles,
  records?: number,
): Promise<{ train: BinaryBatch; test: BinaryBatch }> {
  const source = await openSource(from);
  const batches: BinaryBatch[] = [];
  for (const { name, sha256 } of files) {
    const bytes = await source.read(name);
    const shown = `${source.name} ${name}`;
    if (!bytes) throw refuse(shown, 'it is not there', whereToGetIt);
    batches.push(decodeBatch(bytes, shown, whereToGetIt, records));
    const found = createHash('sha256').update(bytes).digest('hex');
    if (found !== sha256) {
      const other = files.find((file) => file.sha256 === found);
      throw refuse(
        shown,
        other
          ? `its content is that of ${other.name}`
          : `its SHA-256 is ${found}; that of the published file is ${sha256}: it is damaged or no CIFAR-10`,
        whereToGetIt,
      );
    }
  }
  return { train: joined(batches.slice(0, -1)), test: batches.at(-1)! };
}

interface Source {
  name: string;
  read(file: string): Promise<Uint8Array | undefined>;
}

async function openSource(from: string): Promise<Source> {
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(from)) {
    const store = await openStore(from);
    const packed = await store.get(archiveName);
    if (packed) return archive(packed.body, `${store.url} ${archiveName}`);
    const read = async (file: string) =>
      ((await store.get(file)) ?? (await store.get(`${innerFolder}/${file}`)))?.body;
    return { name: store.url, read };
  }
  if (!existsSync(from)) throw refuse(from, 'there is no such file or folder', whereToGetIt);
  if (!statSync(from).isDirectory()) return archive(readFileSync(from), from);
  const packed = join(from, archiveName);
  const holdsBatches = (one: string) => officialFiles.some(({ name }) => existsSync(join(one, name)));
  const folder = [from, join(from, innerFolder)].find(holdsBatches);
  if (!folder && existsSync(packed)) return archive(readFileSync(packed), packed);
  const read = async (file: string) => {
    const path = join(folder ?? from, file);
    return existsSync(path) ? readFileSync(path) : undefined;
  };
  return { name: folder ?? from, read };
}

/** The regular files of a gzipped tar archive (POSIX ustar), by base name. */
function archive(bytes: Uint8Array, name: string): Source {
  let tar: Buffer;
  try {
    tar = gunzipSync(bytes);
  } catch (error) {
    throw refuse(
      name,
      `it cannot be unpacked (${messageOf(error)}): it is truncated, damaged or no .tar.gz`,
      whereToGetIt,
    );
  }
  const files = new Map<string, Uint8Array>();
  for (let at = 0; at + 512 <= tar.length && tar[at] !== 0;) {
    const text = (start: number, length: number) =>
      tar.toString('latin1', at + start, at + start + length).split('\0')[0]!;
    const size = Number.parseInt(text(124, 12), 8);
    if (!Number.isFinite(size)) throw refuse(name, `its entry at byte ${at} is no tar header`, whereToGetIt);
    if (['0', ''].includes(text(156, 1)))
      files.set(basename(text(0, 100)), tar.subarray(at + 512, at + 512 + size));
    at += 512 * (1 + Math.ceil(size / 512));
  }
  return { name, read: async (file) => files.get(file) };
}

function joined(batches: readonly BinaryBatch[]): BinaryBatch {
  return {
    labels: Buffer.concat(batches.map(({ labels }) => labels)),
    pixels: Buffer.concat(batches.map(({ pixels }) => pixels)),
  };
}
