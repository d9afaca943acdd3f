// An .ipynb, as far as its cells and outputs are read.

export interface NotebookOutput {
  readonly output_type: string;
  readonly name?: string;
  readonly text?: string | readonly string[];
  readonly data?: Readonly<Record<string, unknown>>;
  readonly metadata?: object;
  readonly execution_count?: number | null;
}

export interface NotebookCell {
  readonly cell_type: string;
  readonly id?: string;
  readonly source: string | readonly string[];
  readonly metadata?: { readonly tags?: readonly string[] };
  readonly execution_count?: number | null;
  readonly outputs?: readonly NotebookOutput[];
}

export interface Notebook {
  readonly cells: readonly NotebookCell[];
  readonly metadata?: { readonly [name: string]: unknown; readonly presets?: unknown };
  readonly nbformat?: number;
  readonly nbformat_minor?: number;
}

/** @throws Error that completes "… is no notebook:". */
export function parseNotebook(text: string): Notebook {
  const notebook = JSON.parse(text) as Partial<Notebook> | null;
  if (!Array.isArray(notebook?.cells)) throw new Error('it has no "cells"');
  return { ...notebook, cells: notebook.cells as NotebookCell[] };
}

/** A text that an .ipynb file holds whole or as lines. */
export function joined(text: string | readonly string[] = ''): string {
  return [text].flat().join('');
}

export function cellSource({ source }: Pick<NotebookCell, 'source'>): string {
  return joined(source);
}

export function hasTag({ metadata }: NotebookCell, tag: string): boolean {
  return metadata?.tags?.includes(tag) ?? false;
}
