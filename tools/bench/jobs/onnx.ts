import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ownProgram, peerProgram } from '../contestant';
import { table } from '../tables';
import type { ReportJob } from './job';

/**
 * How far probabilities may differ: from TensorFlow's, of which 9.3e-6 was the largest difference seen, and for int8 from those of
 * Node's ONNX Runtime, of which Python's differs in nothing on one processor.
 */
const TOLERANCES = { float32: 2e-5, int8: 1e-2 };

/** Whether Python reads what this project exports, and computes the same. */
export const onnx: ReportJob = {
  name: 'onnx',
  title: 'Exported ONNX files of every kind of model: checked and run by Python, nothing is timed',
  async run({ say, clear }) {
    const folder = mkdtempSync(join(tmpdir(), 'onnx-'));
    const run = async ([program, ...args]: readonly string[]) =>
      (await promisify(execFile)(program, [...args, folder])).stdout;
    try {
      say('Exporting');
      await run(ownProgram('parity'));
      say('Running them in Python');
      const rows = JSON.parse(await run(peerProgram('onnx_check'))) as readonly Checked[];
      clear();
      console.log(
        table(
          ['model', 'largest difference', 'largest probability', 'allowed'],
          rows.map(({ name, difference, largest }) => [
            ...[name, difference.toExponential(1), largest.toFixed(3)],
            String(allowed(name)),
          ]),
        ),
      );
      const wrong = rows.filter(({ name, difference }) => !(difference <= allowed(name)));
      if (wrong.length > 0) {
        throw new Error(
          `Expected Python to compute what this project does but ${wrong.map(({ name }) => name).join('; ')} differ.`,
        );
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

interface Checked {
  readonly name: string;
  /** Of probabilities, 0…1. */
  readonly difference: number;
  readonly largest: number;
}

function allowed(name: string): number {
  return name.endsWith(' in int8') ? TOLERANCES.int8 : TOLERANCES.float32;
}
