// A run's curves as event files for TensorBoard.
import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeImage } from '../data/image';
import { readKeptFigures } from '../report/keptFigures';
import { tf } from '../tensorflow/backend';
import { writeImage } from '../tensorflow/operations';
import { modelFolderName } from './runFolder';
import type { RunRecord } from './runRecord';

/**
 * Writes `<directory>/<run id>/<model>/train` and `…/val`, as Keras names them, with `epoch_<metric>` of each metric, and
 * `epoch_learning_rate`; steps are epochs, from 1. What was there of the run before is replaced. Once in a process: tfjs keeps its
 * writers, and the file that they have open.
 *
 * @param figures the folder of the run's figures: those that are made of pictures, such as the worst mistakes, become
 *   images of `<directory>/<run id>/figures`, as they were drawn.
 * @returns how many models had epochs to write.
 */
export async function writeEventFiles(
  { id, models }: Pick<RunRecord, 'id' | 'models'>,
  directory: string,
  figures: string,
): Promise<number> {
  const folder = join(directory, id);
  await rm(folder, { recursive: true, force: true });
  const trained = models.filter(({ history }) => history.length > 0);
  for (const { name, history } of trained) {
    for (const part of ['train', 'val'] as const) {
      if (history.every((epoch) => epoch[part] === null)) continue;
      const place = join(folder, modelFolderName(name), part);
      await mkdir(place, { recursive: true });
      const writer = tf.node.summaryFileWriter(place);
      for (const { epoch, learningRate, ...metrics } of history) {
        const values = {
          ...metrics[part],
          ...(part === 'train' && { learning_rate: learningRate }),
        };
        for (const [metric, value] of Object.entries(values))
          writer.scalar(`epoch_${metric}`, value, epoch);
      }
      writer.flush();
    }
  }
  await writePictures(figures, join(folder, 'figures'));
  return trained.length;
}

async function writePictures(figures: string, directory: string): Promise<void> {
  const kept = (await readKeptFigures(figures)).figures.flatMap(({ name, figure }) => {
    const file = join(figures, `${name}.png`);
    const isOfPictures = figure.data.every(({ type }) => type === 'image');
    return isOfPictures && existsSync(file) ? { name, file } : []; // without a browser none is drawn
  });
  if (kept.length === 0) return;
  await mkdir(directory, { recursive: true });
  const writer = tf.node.summaryFileWriter(directory);
  for (const { name, file } of kept) writeImage(writer, name, await decodeImage(file));
  writer.flush();
}
