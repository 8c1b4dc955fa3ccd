// Written by `python -m scripts.messages` from optviz.web.widgets.message. Do not edit.

/** A plotly figure, as Python writes it. `optviz.maps.cell_figures` says what a map's first trace has. */
export interface Figure {
  data: any[];
  layout: any;
}

/** The cells of a map that can be chosen. */
export interface Cells {
  /** The middles of the columns. */
  x: number[];
  /** The middles of the rows. */
  y: number[];
  axes: [string, string];
}

/** A figure that is drawn without flicker. */
export interface ChartMessage {
  figure: Figure;
  /** The differences of a dark page: the keys that lead to each place, and the value there. */
  dark: [(string | number)[], any][];
  cells: Cells | null;
  title: string;
  /** The version of plotly.js. */
  plotly: string;
}

/** A link to share. */
export interface LinkMessage {
  /** The query of the address, all of it. */
  link: string;
}

/** A picture that the browser draws and saves. */
export interface PictureMessage {
  figure: Figure;
  format: "png" | "svg";
  width: number;
  height: number;
  scale: number;
  name: string;
  /** What the file says that its numbers were computed with. */
  made_with: string;
  /** The version of plotly.js. */
  plotly: string;
}

/** A page of a lesson. */
export interface PageName {
  name: string;
  title: string;
}

/** The bar of a lesson. */
export interface ReaderMessage {
  lesson: string;
  /** Which page is read, counted from 0; None for all of them. */
  place: number | null;
  pages: PageName[];
  /** The name of the page with all of them. */
  whole: string;
  /** The first page of the next lesson. */
  after: PageName | null;
}
