// The small part of Plotly's figure schema that this project uses, as plain data. Plotly's own type
// declarations cover 49 trace types in 2 MB, which a notebook's compiler would read in every cell.

/** A Plotly figure: plain values, made by pure functions, shown by display.ts, saved by export.ts. */
export interface Figure {
  readonly data: readonly Trace[];
  readonly layout: FigureLayout;
}

export type Trace = ScatterTrace | BarTrace | HeatmapTrace | ImageTrace;

/** One coordinate: a number, or a gap. On an axis of names the nth name stands at n. */
export type Coordinate = number | null;

interface TraceBase {
  readonly name?: string;
  readonly xaxis?: AxisId<'x'>;
  readonly yaxis?: AxisId<'y'>;
  readonly legendgroup?: string;
  readonly showlegend?: boolean;
  readonly hoverinfo?: 'skip';
  readonly hovertemplate?: string;
}

interface NamedPoints {
  /** What stands at each point of an axis of names, whole. */
  readonly customdata?: readonly string[];
}

/** `x`, `x2`, `x3` … : Plotly's first axis has no number. */
export type AxisId<Letter extends string> = Letter | `${Letter}${number}`;

export interface ScatterTrace extends TraceBase, NamedPoints {
  readonly type: 'scatter';
  readonly mode: 'lines' | 'markers' | 'lines+markers' | 'markers+text';
  readonly x: readonly Coordinate[];
  readonly y: readonly Coordinate[];
  readonly text?: readonly string[];
  readonly textposition?: 'middle right' | 'top center';
  readonly textfont?: Font;
  readonly line?: Line;
  readonly marker?: Marker;
  readonly opacity?: number;
  readonly error_x?: ErrorBars;
  readonly error_y?: ErrorBars;
  readonly cliponaxis?: boolean;
}

export interface BarTrace extends TraceBase, NamedPoints {
  readonly type: 'bar';
  readonly x: readonly Coordinate[];
  readonly y: readonly Coordinate[];
  readonly orientation?: 'h' | 'v';
  readonly marker?: Marker;
  readonly error_x?: ErrorBars;
}

export interface HeatmapTrace extends TraceBase {
  readonly type: 'heatmap';
  /** The names of rows and columns alike, whole. */
  readonly meta: readonly string[];
  readonly z: readonly (readonly number[])[];
  readonly zmin: number;
  readonly zmax: number;
  readonly text: readonly (readonly string[])[];
  readonly texttemplate: string;
  readonly textfont?: Font;
  readonly customdata: readonly (readonly number[])[];
  readonly colorscale: readonly (readonly [position: number, color: string])[];
  readonly colorbar: ColorBar;
  readonly xgap?: number;
  readonly ygap?: number;
}

export interface ImageTrace extends TraceBase {
  readonly type: 'image';
  /** What hovering says. */
  readonly meta: string;
  /** The picture as a `data:` address. */
  readonly source: string;
  /** Centre of the top left pixel. */
  readonly x0: number;
  readonly y0: number;
  /** Size of a pixel in the axes' units. */
  readonly dx: number;
  readonly dy: number;
}

export interface Font {
  readonly family?: string;
  readonly size?: number;
  readonly color?: string;
}

export interface Line {
  readonly color?: string;
  readonly width?: number;
  readonly dash?: 'solid' | 'dot' | 'dash';
}

export interface Marker {
  readonly color?: string;
  readonly size?: number;
  readonly symbol?: string;
  readonly line?: Line;
}

/** Distances from the value; `array` upwards, `arrayminus` downwards. */
export interface ErrorBars {
  readonly type: 'data';
  readonly symmetric: boolean;
  readonly array: readonly (number | null)[];
  readonly arrayminus?: readonly (number | null)[];
  readonly color?: string;
  readonly thickness?: number;
  readonly width?: number;
}

export interface ColorBar {
  readonly title: { readonly text: string; readonly side: 'right' };
  readonly thickness?: number;
  readonly outlinewidth?: number;
  readonly tickformat?: string;
}

export interface Axis {
  readonly title?: { readonly text: string; readonly standoff?: number };
  readonly type?: 'linear' | 'log';
  readonly domain?: readonly [start: number, end: number];
  readonly anchor?: AxisId<'x' | 'y'>;
  readonly range?: readonly [start: number, end: number];
  readonly autorange?: boolean | 'reversed';
  readonly rangemode?: 'normal' | 'tozero';
  readonly tickformat?: string;
  readonly tickmode?: 'array';
  readonly tickvals?: readonly number[];
  readonly ticktext?: readonly string[];
  readonly tickangle?: number;
  readonly ticks?: '' | 'outside';
  readonly dtick?: number;
  readonly nticks?: number;
  readonly showgrid?: boolean;
  readonly gridcolor?: string;
  readonly showline?: boolean;
  readonly linecolor?: string;
  readonly zeroline?: boolean;
  readonly automargin?: boolean;
  readonly visible?: boolean;
  readonly fixedrange?: boolean;
  /** What hovering says above the values of a place, where `hovermode` is `x unified`. */
  readonly unifiedhovertitle?: { readonly text: string };
}

export interface Annotation {
  readonly text: string;
  readonly x: number;
  readonly y: number;
  readonly xref?: 'x' | 'paper';
  readonly yref?: 'y' | 'paper';
  readonly showarrow: false;
  readonly xanchor?: 'left' | 'center' | 'right';
  readonly yanchor?: 'top' | 'middle' | 'bottom';
  readonly align?: 'left' | 'center';
  readonly font?: Font;
}

export interface FigureLayout extends Readonly<Record<AxisId<'xaxis' | 'yaxis'>, Axis>> {
  /** Without a width the figure takes the cell's; a file or picture is then 800 pixels wide. */
  readonly width?: number;
  readonly height: number;
  readonly title: {
    readonly text: string;
    readonly x: number;
    readonly xref: 'container';
    readonly xanchor: 'left';
    readonly y: number;
    readonly yref: 'container';
    readonly yanchor: 'top';
    readonly pad: { readonly l: number; readonly t: number };
    readonly font: Font;
  };
  readonly font: Font;
  readonly paper_bgcolor: string;
  readonly plot_bgcolor: string;
  readonly margin: {
    readonly l: number;
    readonly r: number;
    readonly t: number;
    readonly b: number;
  };
  readonly xaxis: Axis;
  readonly yaxis: Axis;
  readonly showlegend?: boolean;
  readonly legend?: {
    readonly orientation?: 'h' | 'v';
    readonly x?: number;
    readonly xanchor?: 'left';
    readonly y?: number;
    readonly yref?: 'container';
    readonly yanchor?: 'bottom' | 'top';
    readonly tracegroupgap?: number;
    readonly traceorder?: 'normal' | 'reversed';
  };
  readonly barmode?: 'group';
  readonly hovermode?: 'closest' | 'x unified';
  readonly annotations?: readonly Annotation[];
}
