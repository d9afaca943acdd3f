// The line below a cell and the launcher's notes, for everything in a notebook that takes minutes.
import { createDisplay } from '../report/display';
import type { Run } from './runs';

/** Says how far a cell's work is. */
export interface ProgressReporter {
  /** One line below the cell, which moves, and a note for the launcher. A text that was just said is not said again. */
  readonly show: (text: string) => void;
  /** A lasting line below the cell, and a note for the launcher. */
  readonly onNotice: (notice: string) => void;
}

export function createProgressReporter(run: Pick<Run, 'progress'>): ProgressReporter {
  const display = createDisplay();
  let said = '';
  return {
    show(text) {
      if (text === said) return;
      said = text;
      display.show({ 'text/plain': text });
      run.progress({ event: 'note', text });
    },
    onNotice(notice) {
      console.log(notice);
      run.progress({ event: 'note', text: notice });
    },
  };
}
