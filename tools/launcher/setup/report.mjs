// What set-up says while it works: the list of steps beforehand, then one line a step with its time.
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { wrapText } from '../problem.cjs';

/** Prints the steps to do, with what they download and need on the disk (both in MB). */
export function announce(steps, { freeMb, write }) {
  const download = sum(steps, 'downloadMb');
  const disk = sum(steps, 'diskMb');
  const plural = steps.length === 1 ? 'step' : 'steps';
  const amounts = [
    download && `up to ${size(download)} to download`,
    disk && `${size(disk)} on the disk (${size(freeMb)} free)`,
  ].filter(Boolean);
  write(`${[`Set-up: ${steps.length} ${plural} to do`, ...amounts].join(', ')}\n`);
  for (const step of steps) {
    const parts = [
      step.downloadMb && `${size(step.downloadMb)} download`,
      step.diskMb && `${size(step.diskMb)} disk`,
    ];
    write(`  - ${[step.name, ...parts.filter(Boolean)].join(', ')}\n`);
  }
}

/** @returns the MB that steps need together. */
export function sum(steps, field) {
  return steps.reduce((total, step) => total + (step[field] ?? 0), 0);
}

/**
 * One line for a step: rewritten every second on a terminal, two plain lines elsewhere.
 *
 * @returns {{ watch(folder: string | undefined): void, done(): number, failed(): void }} `watch`: a folder whose
 *   growing size is the progress of a download; `done` returns the seconds that it took
 */
export function startStepLine(name, { index, of, downloadMb }, { stream = process.stderr } = {}) {
  const startedAt = performance.now();
  const label = `[${index}/${of}] ${name}`;
  const seconds = () => (performance.now() - startedAt) / 1000;
  let watched;
  let timer;
  const draw = () => {
    const loaded = watched ? `, ${Math.round(folderMb(watched))} of ${downloadMb} MB` : '';
    const text = `${label} … ${seconds().toFixed(0)} s${loaded}`;
    stream.write(`\r\x1b[2K${text.slice(0, Math.max(10, (stream.columns || 80) - 1))}`);
  };
  if (stream.isTTY) {
    draw();
    timer = setInterval(draw, 1000);
  } else {
    stream.write(`${label} …\n`);
  }
  const end = (text) => {
    clearInterval(timer);
    stream.write(`${stream.isTTY ? '\r\x1b[2K' : ''}${wrapText(text, stream.columns)}\n`);
  };
  return {
    watch: (folder) => (watched = folder),
    done() {
      end(`${label}: ${seconds().toFixed(1)} s`);
      return seconds();
    },
    failed: () => end(`${label}: failed after ${seconds().toFixed(1)} s`),
  };
}

function size(mb) {
  return mb >= 1000 ? `${(mb / 1000).toFixed(1)} GB` : `${Math.round(mb)} MB`;
}

function folderMb(folder) {
  let bytes = 0;
  try {
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      if (entry.isFile()) bytes += statSync(join(entry.parentPath ?? entry.path, entry.name)).size;
    }
  } catch {
    // pip renames its files while we look: the next look is a second away.
  }
  return bytes / 1e6;
}
