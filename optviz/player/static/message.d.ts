// Written by `python -m scripts.messages` from optviz.player.message. Do not edit.

export type Layer = Linear | Activation;

export interface Linear {
  kind: "linear";
  in: number;
  out: number;
  bias: boolean;
}

/** A function of each number by itself. */
export interface Activation {
  kind: "tanh" | "relu";
}

/** A number, the key of a symbol, or an operation and what it is done to. */
export type Term = number | string | any[];

/** How a symbol is written: its letter, what stands below it, its mark, and all of it as LaTeX. */
export type Symbol = [string, string, string, string];

/** What a path holds for each of its n+1 points: `excess` is the loss above the surface's minimum, for a log scale, `gradient` the length of the surface's own gradient, `lr` what the step that led to the point used. */
export type Column = "x" | "y" | "loss" | "excess" | "gradient" | "lr" | "evals";

/** How many bytes before the numbers of a blob say which one it is: its `digest`, in hexadecimal digits. */
export type DigestBytes = 8;

export type Scheme = "light" | "dark";

export type Point = [number, number];

/** A line of an update rule: a name and what it stands for. */
export interface RuleLine {
  name: string;
  term: Term;
  words: string;
  /** Whether it is one number and not one for each parameter. */
  scalar: boolean;
}

/** One kind of step that a rule takes. */
export interface Form {
  lines: RuleLine[];
  /** What a step is the sum of. */
  parts: Record<string, Term>;
}

/** An optimizer's update rule. */
export interface Rule {
  symbols: Record<string, Symbol>;
  /** The state that it begins with. */
  initial: Record<string, number | string>;
  forms: Form[];
}

/** What is said of how stable a step is. */
export interface StepStability {
  formula: string;
  sees: string;
  words: string;
}

/** What the columns of a run's steps are, its settings, and the rule where there is one. */
export interface StepsRecord {
  /** The name of each, and how many numbers it has for a step. */
  columns: [string, number][];
  axes: [string, string];
  /** Whether the numbers are float64, else float32. */
  double: boolean;
  settings: Record<string, number>;
  /** The axes whose parameters are not frozen. */
  trained: number[];
  resetEvery: number | null;
  /** How the optimizer uses its learning rate: an `LrUse`. */
  lr: string;
  state: string[];
  /** The state that is a running mean of gradients. */
  momentum: string | null;
  unrecorded: string[];
  rule: Rule | null;
  stability?: StepStability;
}

/** What the paths are drawn on. */
export interface SurfaceData {
  name: string;
  axes: [string, string];
  /** Whether the minimizers were found by a search, not declared. */
  searched: boolean;
  digest: string;
  /** Whether the losses are float64, else float32. */
  double: boolean;
  size: [number, number];
  domain: [[number, number], [number, number]];
  /** Whether units of x and y are equal unless somebody says otherwise. */
  natural: boolean;
  /** Height by width of a picture whose units are not equal. */
  filled: number;
  levels: number[];
  /** Places on the colour bar, counted in levels, that have a label. */
  ticks: number[];
  labels: string[];
  minimizers: Point[];
  minimum: number | null;
  /** The share of the domain where there is no finite loss. */
  undefined: number;
}

/** What is said of a run's learning rate. */
export interface Rate {
  moves: boolean;
  words: string;
}

/** The path of the run by another convention than torch's. */
export interface GhostData {
  name: string;
  digest: string;
}

/** How stable the steps of a run are. */
export interface StabilityData {
  formula: string;
  words: string;
  digest: string;
}

/** All weights of a network at each point. */
export interface WeightsData {
  digest: string;
}

/** What each step of a run did. */
export interface StepsData extends StepsRecord {
  digest: string;
}

/** A line of the training loop, and the part of a step that it is. */
export interface CodeLine {
  text: string;
  phase: string;
}

/** A competitor that did not run. It keeps its place, its colour and its name. */
export interface Refused {
  ran: false;
  name: string;
  slot: number;
  dash: number[];
}

/** A competitor that ran. */
export interface Ran {
  ran: true;
  name: string;
  /** The place of its colour among a theme's `paths`. */
  slot: number;
  /** What its line draws and leaves out in turns, in widths of the line. */
  dash: number[];
  digest: string;
  /** Whether its path and its ghost are float64, else float32. */
  double: boolean;
  outcome: string;
  /** The step from which the outcome held. */
  at: number;
  rate: Rate;
  steps?: StepsData;
  ghost?: GhostData;
  stability?: StabilityData;
  weights?: WeightsData;
  code?: CodeLine[];
}

/** The plane through a network's weights that the picture shows. */
export interface PlaneData {
  /** How much of the variance of all points lies along each direction. */
  shares: (number | null)[];
}

/** A data set and the model that is fitted to it. */
export interface DataSet {
  inputs: number[][];
  targets: number[];
  names: string[];
  classes: boolean;
  layers: (Layer)[];
  mean: number[];
  deviation: number[];
  /** An input to predict for. */
  beyond: number | null;
}

/** The data of a surface that is made of them. */
export interface Examples extends DataSet {
  batch: number | null;
  /** The places of the examples that each step sees, one batch after another. */
  order: string | null;
}

/** A value that can be chosen. */
export interface Option {
  value: string;
  called: string;
  help: string;
}

/** A control of the player: it chooses one of the options of a part of the view, or several. */
export interface ControlData {
  name: string;
  label: string;
  place: "beside" | "transport" | "axes";
  help: string;
  /** Whether more than one option can be chosen. */
  several: boolean;
  options: Option[];
  /** It is of use where each of these other parts of the view has one of these values. */
  when: Record<string, string[]>;
}

/** A picture to play. */
export interface SceneData {
  surface: SurfaceData;
  start: Point;
  /** What a path holds, in this order. */
  columns: Column[];
  /** All competitors, by their index in the experiment. */
  runs: (Ran | Refused)[];
  view: View;
  /** Of what is chosen in the player, as far as there is anything to choose, in their order. */
  controls: ControlData[];
  /** Whether nobody can be asked for more, as in a file. */
  fixed: boolean;
  themes: Record<Scheme, Theme>;
  sizes: Sizes;
  plane?: PlaneData;
  data?: Examples;
}

/** How an experiment is looked at: nothing in it changes a number. */
export interface View {
  /** A log scale shows the loss above the minimum: a straight line down is a constant factor a step. It is the default where the minimum is known. */
  scale: "auto" | "log" | "linear";
  /** What curves are drawn against. One step may cost several evaluations of loss and gradient: against evals, LBFGS looks less quick. */
  against: "steps" | "evals";
  /** The surface from above, or as a relief: its height is the scale of the colours. */
  picture: "2d" | "3d";
  /** One picture for all competitors, or a picture for each of them. */
  panels: "one" | "each";
  /** Equal units on both axes keep right angles right. By default they are equal unless one side of the domain is more than three times the other: then the surface fills the picture. */
  units: "auto" | "equal" | "fill";
  /** Beside the picture: curves of all runs, what one step of the run in focus did, its training loop as code, how far the curvature is from what its steps can bear, or the data with what each model makes of them. */
  beside: "curves" | "step" | "code" | "stability" | "data";
  /** Which competitor is examined, counted from 0. */
  focus: number;
  /** What is drawn at the head of the path in focus. */
  marks: string[];
  /** Arrows have one scale for the whole run, so that a longer one is a larger gradient or step; or those of each step are magnified anew, so that none is too short to be seen. */
  arrows: "run" | "fit";
  /** Libraries and papers write some rules in another way. Where such a rule differs, its path is drawn as a dotted ghost, computed by a reference of optviz: it is not torch. */
  convention: "torch" | "keras" | "paper" | "average";
}

/** Colours of a figure. */
export interface Theme {
  paper: string;
  ink: string;
  /** Grid lines and contour lines. */
  faint: string;
  /** Colour of the lowest losses; the scale runs from here over `middle` to `high`. */
  low: string;
  middle: string;
  high: string;
  /** Outline of paths, so that they stand out from any level. */
  halo: string;
  paths: string[];
  /** Colours of what is drawn at a head. */
  marks: Record<string, string>;
  gold: string;
  /** The star of a minimizer, and its outline. */
  gold_edge: string;
  /** A star among words. */
  gold_letter: string;
  /** Where `middle` stands on the scale of losses, from 0 to 1. */
  middle_at: number;
}

/** How wide lines are and how large marks, in CSS pixels where the type has its usual size. */
export interface Sizes {
  path: number;
  /** The width of the halo that a path is drawn on. */
  halo: number;
  curve: number;
  /** A minimizer's star: from its middle to its tips. */
  star: number;
  /** From its middle to the corners between them. */
  star_notch: number;
  star_outline: number;
  /** The diamond at the start: from its middle to its corners. */
  start: number;
  start_outline: number;
  /** The radius of the circle where a run is. */
  head: number;
  head_outline: number;
}

/** What is said instead of the pictures. */
export interface Alternatives {
  picture: string;
  curves: string;
}

/** A convention that differs from torch's for some competitor. */
export interface Convention {
  name: string;
  words: string[];
}

/** The texts of a player that the numbers do not have. */
export interface Texts {
  alt: Alternatives;
  /** What is to be known where the domain holds few numbers of the experiment's dtype. */
  narrow: string;
  conventions: Convention[];
}

/** A column of the table of results. */
export interface TableColumn {
  name: string;
  title: string;
  help: string;
}

/** A competitor's results. */
export interface TableRow {
  /** By the names of the columns; a text where JSON has no such number. */
  numbers: Record<string, number | string | null>;
  ending: string;
  step: number | null;
  words: string;
}

/** The table of results. */
export interface TableData {
  columns: TableColumn[];
  /** Of all competitors, by their index in the experiment. */
  rows: TableRow[];
}

/** What the page of a lesson lets the player do by itself. */
export interface Cue {
  page: string;
  /** Whether a question has to be answered first. */
  waits: boolean;
  slow: boolean;
}

/** What a player has on the page of a lesson. */
export interface Telling {
  cue?: Cue;
  caption?: string;
}

/** All that a player shows. */
export interface PlayerMessage extends SceneData, Texts, Telling {
  /** Its name, by which it goes on where it was after a page has taken it down and put it up again. */
  player: string;
  table: TableData;
  /** The version of plotly.js that draws the contours. */
  plotly: string;
  /** Which one of all that were opened: what was asked of another one is not asked of this one. */
  opening: number;
}

/** Asks the browser for the files of a player that will be shown. */
export interface Ahead {
  /** The version of plotly.js. */
  ahead: string;
}

/** Says for which scheme the server draws pictures: a browser whose page has another reports it. */
export interface Drawn {
  drawn: Scheme;
}
