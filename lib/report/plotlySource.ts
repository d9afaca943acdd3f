import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { projectRoot } from '../project';

let source: Promise<string> | undefined;

/**
 * plotly.js as text, for a page that needs no network: the minified copy that set-up makes (5 MB),
 * else the one that npm brought (10 MB). It holds no `</script`.
 */
export function plotlySource(): Promise<string> {
  source ??= readSource().catch((error: unknown) => {
    source = undefined; // the next page tries again
    throw error;
  });
  return source;
}

async function readSource(): Promise<string> {
  const minified = join(projectRoot(), 'dist/plotly.min.js');
  const present = await stat(minified).catch(() => undefined);
  if (present !== undefined) return readFile(minified, 'utf8');
  const whole = await readFile(require.resolve('plotly.js-dist'), 'utf8');
  return whole.replaceAll(/<\/script/gi, '<\\/script');
}
