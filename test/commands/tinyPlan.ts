// A plan and its notebook, for tests that run neither.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

const notebook = JSON.stringify({
  cells: [
    {
      cell_type: 'code',
      metadata: { tags: ['parameters'] },
      outputs: [],
      source:
        "const p = ml.parameters({\n  epochs: 2,\n  learningRate: 1e-3,\n  optimizer: 'adam' as 'adam' | 'sgd',\n  seed: 42,\n});",
    },
  ],
  metadata: { presets: { full: { epochs: 9 } } },
});

/** The plan's file, beside its notebook. @param text what the plan says besides the notebook. */
export function writePlan(folder: string, text: string): string {
  writeFileSync(join(folder, 'tiny.ipynb'), notebook);
  const file = join(folder, 'plan.yaml');
  writeFileSync(file, `notebook: tiny.ipynb\n${text}`);
  return file;
}
