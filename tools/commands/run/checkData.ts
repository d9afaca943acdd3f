// Data and weights that a person names: what cannot work is refused before anything runs.
import { existsSync } from 'node:fs';
import { checkLimit } from '../../../lib/data/dataset';
import { checkDataset, type LoadDatasetOptions } from '../../../lib/data/loadDataset';
import { fromHere, Problem } from '../program';
import { chooseNotebooks, type NamedNotebook, notebooksFolder, readNotebook } from './notebookFile';
import { type ParameterValue, type ParameterValues, readParameters } from './parameters';

/** Paths that the command line names, absolute. */
export interface NamedPlaces {
  readonly data?: string;
  readonly weights?: string;
}

/** What tells the kernel of them. Paths in our own environment count from the user's folder, not from the kernel's. */
export function placesEnvironment(
  { data, weights }: NamedPlaces,
  env: NodeJS.ProcessEnv = process.env,
): Record<string, string> {
  const inherited = ['CIFAR10_DIR', 'MOBILENETV2_DIR', 'DATA_DIR'].flatMap((name) => {
    const path = env[name];
    return path ? [[name, fromHere(path)] as const] : [];
  });
  return {
    ...Object.fromEntries(inherited),
    ...(data === undefined ? {} : { DATA_DIR: data }),
    ...(weights === undefined ? {} : { MOBILENETV2_DIR: weights }),
  };
}

/** @throws {Problem} where a run's data or weights are not there. */
export function checkPlaces({ data, weights }: NamedPlaces): void {
  const remedies = {
    data: 'Name a folder with one folder of pictures for each class, or the one that holds data_batch_1.bin and the others, or leave --data out.',
    weights: "Name an .h5 file of Keras' MobileNetV2, or a folder of them, or leave --weights out.",
  };
  for (const [option, path] of Object.entries({ data, weights })) {
    if (path === undefined || existsSync(path)) continue;
    throw new Problem(`--${option} names ${path}, and there is no such folder or file.`, {
      remedy: remedies[option as keyof typeof remedies],
    });
  }
}

/**
 * What a run would refuse in the middle of its work, hours after the first one began, is refused before any begins:
 * pictures that do not fit into memory, limits that leave a class without pictures.
 *
 * @param values what the run replaces of the notebook's parameters.
 * @throws {Problem}
 */
export async function checkPictures(
  { name, notebook }: NamedNotebook,
  { values: replaced = {}, ...places }: NamedPlaces & { readonly values?: ParameterValues },
): Promise<void> {
  const declared = readParameters(notebook, `${name}.ipynb`);
  const defaults = Object.fromEntries(declared.map(({ name, value }) => [name, value]));
  const values: Record<string, ParameterValue> = { ...defaults, ...replaced };
  const { dataSource, inputSize, trainLimit, testLimit, ...others } = values;
  if (dataSource === undefined) return; // a notebook that loads other data
  const named = placesEnvironment(places).DATA_DIR;
  const source = dataSource === 'auto' && named ? named : dataSource;
  const onNotice = () => undefined; // said by the notebook
  const options = { source, size: inputSize, trainLimit, testLimit, onNotice };
  try {
    const { length: classes } = await checkDataset(options as LoadDatasetOptions, notebooksFolder);
    for (const [limit, value] of Object.entries(others)) {
      if (limit.endsWith('Limit')) checkLimit(limit, value as number, classes);
    }
  } catch (error) {
    throw new Problem(`${name} cannot run on these data. ${(error as Error).message}`);
  }
}

/**
 * For npm run lab: `--data` is checked as npm start checks it, for the notebooks as they are.
 *
 * @param data as it was typed.
 * @returns what the kernels get besides our own environment.
 */
export async function labEnvironment(data?: string): Promise<Record<string, string>> {
  const places: NamedPlaces = data === undefined ? {} : { data: fromHere(data) };
  checkPlaces(places);
  const names = data === undefined ? [] : chooseNotebooks([], { onNotice: () => undefined });
  for (const name of names) {
    await checkPictures({ name, notebook: readNotebook(name) }, places);
  }
  return placesEnvironment(places);
}
