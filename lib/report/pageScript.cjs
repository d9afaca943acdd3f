// What runs in the browser on a page with figures: it draws them live, in the reader's theme and width, and saves them as files.
// figurePage.ts puts this text into the page; render.ts takes fitText from it. It is a script, not a module.
/* global DOMParser, Plotly, XMLSerializer, addEventListener, document, matchMedia */
'use strict';

/**
 * The SVG with the length of each text written to it: a reader whose fonts are wider or narrower than those of the machine that
 * drew it sees every text as long as it was drawn, and nothing is cut off.
 */
globalThis.fitText = (source) => {
  const { documentElement } = new DOMParser().parseFromString(source, 'image/svg+xml');
  const holder = document.createElement('div');
  holder.style.cssText = 'position: absolute; visibility: hidden';
  const svg = holder.appendChild(document.importNode(documentElement, true));
  document.body.append(holder);
  for (const text of svg.querySelectorAll('text, tspan')) {
    const length = text.childElementCount > 0 ? 0 : text.getComputedTextLength();
    if (length === 0) continue;
    text.setAttribute('textLength', length.toFixed(2));
    text.setAttribute('lengthAdjust', 'spacingAndGlyphs');
  }
  holder.remove();
  return new XMLSerializer().serializeToString(svg);
};

/** Below this width in CSS pixels a figure is drawn for a phone. */
const NARROW = 560;

/** The figure in other colours; `colors` maps one to the other. */
function recolored(figure, colors) {
  const text = JSON.stringify(figure);
  return JSON.parse(text.replaceAll(/#[0-9a-fA-F]{6}\b/g, (color) => colors[color] ?? color));
}

/** The figure for a narrow place: panels below each other, names and titles in several lines, pictures in fewer columns. */
function narrowed(figure, width) {
  const { data, layout } = JSON.parse(JSON.stringify(figure));
  layout.font.size = 12;
  const title = wrapped(layout.title.text, Math.floor((width - 24) / 9));
  Object.assign(layout.title, { text: title.join('<br>'), pad: { l: 4, t: 12 } });
  layout.title.font.size = 16;
  const above = 20 * (title.length - 1);
  layout.margin.t += above - 14;
  layout.height += above - 14;
  const isWide = layout.width > width;
  if (isWide && data.every(({ type }) => type === 'image')) regrid({ data, layout }, width);
  else if (isWide && data.some(({ type }) => type === 'heatmap')) tighten({ data, layout }, width);
  else if (!layout.width) stack({ data, layout }, width);
  return { data, layout };
}

/** Text in lines of at most `letters`, broken at spaces. */
function wrapped(text, letters) {
  const lines = [];
  for (const word of text.split(' ')) {
    const last = lines.length - 1;
    if (last >= 0 && lines[last].length + 1 + word.length <= letters) lines[last] += ` ${word}`;
    else lines.push(word);
  }
  return lines;
}

/** Pictures of a grid in as many columns as there is room for. */
function regrid({ data, layout }, width) {
  const GAP = 16; // as in imageGridFigure
  const columns = layout.annotations.filter(({ y }) => y === layout.annotations[0].y).length;
  const pitch = (layout.xaxis.range[1] + GAP) / columns;
  const fitting = Math.max(1, Math.floor((width - GAP) / pitch));
  const rows = (count) => Math.ceil(data.length / count);
  const rowHeight = layout.yaxis.range[0] / rows(columns);
  const move = (index) => ({
    x: ((index % fitting) - (index % columns)) * pitch,
    y: (Math.floor(index / fitting) - Math.floor(index / columns)) * rowHeight,
  });
  data.forEach((picture, index) => {
    const { x, y } = move(index);
    picture.x0 += x;
    picture.y0 += y;
  });
  layout.annotations.forEach((caption, index) => {
    const { x, y } = move(index);
    caption.x += x;
    caption.y += y;
  });
  layout.height += (rows(fitting) - rows(columns)) * rowHeight;
  layout.width = width;
  Object.assign(layout.margin, { l: 4, r: 4 });
  layout.xaxis.range = [0, width - 8];
  layout.yaxis.range = [rows(fitting) * rowHeight, 0];
}

/** A confusion matrix without its scale, in cells as large as there is room for, but legible. */
function tighten({ data, layout }, width) {
  const [cells] = data;
  const names = layout.yaxis.ticktext ?? [];
  const longest = Math.max(0, ...names.map((name) => name.length));
  cells.showscale = false;
  const margin = { l: 14 + 6.5 * longest, r: 8, t: layout.margin.t, b: 44 + 5 * longest };
  const count = cells.z.length;
  const cell = Math.max(20, (width - margin.l - margin.r) / count);
  cells.textfont = { size: cell < 30 ? 9 : 12 };
  layout.margin = margin;
  layout.width = margin.l + margin.r + cell * count;
  layout.height = margin.t + margin.b + cell * count;
  layout.font.size = 11;
  layout.xaxis.title.text += ' (rows: actual)';
  delete layout.yaxis.title;
}

/** Panels that stand side by side, below each other; names of rows in several lines; room for a legend of more lines. */
function stack({ data, layout }, width) {
  const PANEL = 230;
  const BETWEEN = 64;
  Object.assign(layout.margin, { l: 48, r: 10 });
  const panels = Object.keys(layout)
    .filter((key) => /^xaxis\d*$/.test(key) && layout[key].domain)
    .map((key) => ({ x: layout[key], y: layout[key.replace('x', 'y')] }))
    .sort(
      (a, b) => (b.y.domain?.[0] ?? 0) - (a.y.domain?.[0] ?? 0) || a.x.domain[0] - b.x.domain[0],
    );
  if (panels.length > 1) {
    const inner = panels.length * PANEL + (panels.length - 1) * BETWEEN;
    panels.forEach(({ x, y }, index) => {
      const top = 1 - (index * (PANEL + BETWEEN)) / inner;
      x.domain = [0, 1];
      y.domain = [Math.max(0, top - PANEL / inner), top];
    });
    layout.height = layout.margin.t + layout.margin.b + inner;
  }
  if (layout.yaxis.ticktext) {
    layout.yaxis.ticktext = layout.yaxis.ticktext.map((name) => wrapped(name, 14).join('<br>'));
  }
  if (layout.showlegend) {
    const entries = data.filter(({ name, showlegend }) => name && showlegend !== false);
    const letters = entries.reduce((sum, { name }) => sum + Math.min(name.length, 30), 0);
    layout.height += 20 * Math.floor((letters * 7 + entries.length * 46) / width);
  }
}

/** Makes a script of the text that the page carries compressed. */
async function loadPlotly() {
  const bytes = Uint8Array.from(atob(document.getElementById('plotly').textContent), (letter) =>
    letter.charCodeAt(0),
  );
  const stream = new Response(bytes).body.pipeThrough(new DecompressionStream('gzip'));
  const script = document.createElement('script');
  script.textContent = await new Response(stream).text();
  document.head.append(script);
}

async function drawPage() {
  const { figures, config, darkColors } = JSON.parse(
    document.getElementById('figures').textContent,
  );
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const places = [...document.querySelectorAll('.plot')];
  await loadPlotly();

  const draw = (isDark = dark.matches) =>
    Promise.all(
      places.map(async (place, index) => {
        const drawing = place.querySelector('.drawing');
        const width = drawing.clientWidth;
        const isNarrow = width < NARROW;
        const fitting = isNarrow ? narrowed(figures[index], width) : figures[index];
        const { data, layout } = isDark ? recolored(fitting, darkColors) : fitting;
        // Plotly fills the place with what it draws: the picture that stood for it goes first.
        drawing.querySelector('img')?.remove();
        await Plotly.react(
          drawing,
          data,
          { width, ...layout },
          { ...config, displayModeBar: isNarrow ? false : 'hover' },
        );
      }),
    );
  await draw();
  let drawnAt = document.body.clientWidth;
  addEventListener('resize', () => {
    if (document.body.clientWidth === drawnAt) return; // a phone's address bar came or went
    drawnAt = document.body.clientWidth;
    void draw();
  });
  dark.addEventListener('change', () => void draw());
  addEventListener('beforeprint', () => void draw(false));
  addEventListener('afterprint', () => void draw());

  places.forEach((place, index) => {
    for (const button of place.querySelectorAll('button')) {
      button.addEventListener('click', () => void save(figures[index], button.dataset.format));
    }
    place.querySelector('.files').hidden = false;
  });
}

/** Saves a figure as it is printed: light, in its own width. */
async function save({ data, layout, name, csv }, format) {
  const size = { width: layout.width ?? 800, height: layout.height };
  const picture = (options) => Plotly.toImage({ data, layout }, { ...size, ...options });
  let address;
  if (format === 'png') address = await picture({ format: 'png', scale: 3 });
  else if (format === 'csv') address = `data:text/csv;charset=utf-8,${encodeURIComponent(csv)}`;
  else {
    const svg = await picture({ format: 'svg' });
    const fitted = globalThis.fitText(decodeURIComponent(svg.slice(svg.indexOf(',') + 1)));
    address = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(fitted)}`;
  }
  const link = document.createElement('a');
  link.href = address;
  link.download = `${name}.${format}`;
  link.click();
}

if (document.getElementById('figures')) {
  drawPage().then(
    () => (document.documentElement.dataset.drawn = 'yes'),
    (error) => console.error(error),
  );
}
const codeButton = document.getElementById('all-code');
codeButton?.addEventListener('click', () => {
  const cells = [...document.querySelectorAll('details.code')];
  const show = cells.some(({ open }) => !open);
  for (const cell of cells) cell.open = show;
  codeButton.textContent = show ? 'Fold all code' : 'Show all code';
});
