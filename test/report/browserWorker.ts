// A process of its own for browser.test.ts: `end` ends by itself with a warm browser, `stay` waits to be killed,
// `show` shows two figures.
import { withBrowser } from '../../lib/report/browser';
import { showFigure } from '../../lib/report/display';
import { sampleFigures } from './sampleFigures';

async function main(task: string): Promise<void> {
  if (task === 'show') {
    await showFigure(sampleFigures.classCounts);
    await showFigure(sampleFigures.confusionMatrix);
    return;
  }
  const browserId = await withBrowser((browser) => Promise.resolve(browser.process()?.pid));
  console.log(JSON.stringify({ browserId, processId: process.pid }));
  if (task === 'stay') setInterval(() => undefined, 1000);
}

void main(process.argv[2]);
