import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { inProject, lastLines, Problem, pythonPath } from '../program';

/** Writes a notebook as one page with live figures that needs no network. @throws {Problem} */
export async function exportHtml(source: string, target: string, title: string): Promise<void> {
  const script = inProject('tools', 'jupyter', 'export_html.py');
  const plotly = inProject('dist', 'plotly.min.js');
  try {
    await promisify(execFile)(pythonPath(), [script, source, plotly, target, title]);
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: string };
    throw new Problem(`The notebook ran, but ${target} could not be written.`, {
      details: lastLines(stderr ?? message),
    });
  }
}
