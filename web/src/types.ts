// summary.json as train and compare write it. Numbers that were not finite are null. What came in later versions, or
// is left out by some commands, is optional; a section whose data is missing is left out of the page.

export type Num = number | null;
export type Interval = [number, number] | null;

export interface Epoch {
  epoch: number;
  seconds: number;
  train_loss: Num;
  validation_loss?: Num;
  [metric: string]: Num | undefined; // train_accuracy, validation_mae, …
}

export interface Run {
  seed: number;
  diverged: boolean;
  test_accuracy: number;
  test_loss: Num;
  seconds: number;
  epochs: Epoch[];
  problem?: string;
}

export interface Mean {
  mean: Num;
  ci95: Interval;
}

export interface Arm {
  name: string;
  optimizer: string;
  learning_rate: number;
  runs: Run[];
  model?: KerasModel;
  test_accuracy?: Mean;
  epochs_to_none?: {target: number; epochs: number; runs: Num[]; reached: number; median: Num};
}

export interface Pair {
  a: string;
  b: string;
  metric: string;
  difference: Num;
  ci95: Interval;
  p_sign_flip: number;
  verdict: "better" | "worse" | "equivalent" | "undecided";
  seeds?: number;
  d_z?: Num;
  p_equivalence?: number;
  margin?: number;
  sentence?: string;
}

export interface Spread {
  mean: number;
  std: number;
  min: number;
  max: number;
}

export interface Distribution extends Spread {
  histogram: {edges: number[]; counts: number[]};
  features?: (Spread & {name: string})[];
}

export interface Input {
  scaling: "rescaling" | "normalization" | "none";
  rows?: number;
  before: Distribution;
  after?: Distribution;
}

export interface Way {
  z: number[];
  activated: number[];
  mean: number;
  variance: number;
  normalized: number[];
  scaled: number[];
  output: number[];
  cost: number;
  d_gamma: number;
  d_beta: number;
  new_gamma: number;
  new_beta: number;
  new_cost: number;
}

export interface Explain {
  input: {
    rows: number[][];
    weights: number[];
    bias: number;
    gamma: number;
    beta: number;
    epsilon: number;
    activation: string;
    targets: number[];
    learning_rate: number;
  };
  before: Way;
  after: Way;
}

export interface Percentiles {
  p15: Num[];
  p50: Num[];
  p85: Num[];
}

export interface Quantity {
  pooled: Percentiles & {mean: Num[]; std: Num[]};
  unit?: Percentiles & {index: number};
}

export interface ProbedLayer {
  name: string;
  units: number;
  activation: string;
  entering: Quantity;
  next_input: Quantity;
  saturated?: Num[];
  dead?: Num[];
  gradient_norm?: Num[];
  update_norm?: Num[];
}

export interface GammaBeta {
  layer: string;
  gamma_start: number[];
  gamma_end: Num[];
  beta_start: number[];
  beta_end: Num[];
}

export interface Probe {
  seed: number;
  rows: number;
  seconds_share?: number;
  arms: {name: string; steps: number[]; layers: ProbedLayer[]; gamma_beta?: GammaBeta[]}[];
}

export interface SweepCell {
  value: number | string;
  arms: {
    name: string;
    runs: {seed: number; diverged: boolean; test_accuracy: number; test_loss?: Num; validation_accuracy?: Num; seconds?: number}[];
    test_accuracy: Mean;
  }[];
  pairs?: Pair[];
}

export interface Sweep {
  key: string;
  values: (number | string)[];
  scale: "log" | "linear" | "ordinal";
  preset?: string | null;
  cells: SweepCell[];
  /** cut_low, cut_high: the range may go on beyond the values that were tried. */
  useful_range?: {arm: string; low: Num; high: Num; decades: Num; rule: string; cut_low?: boolean; cut_high?: boolean}[];
  range_pairs?: {sentence?: string}[];
  best?: {arm: string; value: number | string; chosen_on: string}[];
}

export interface KerasModel {
  config: {name?: string; layers: {class_name: string; config: Record<string, unknown>}[]};
}

export interface Summary {
  command: "compare" | "train";
  version: string;
  arguments: Record<string, unknown>;
  machine: {cpu: string; threads: number; simd: string};
  seconds: number;
  command_line?: string;
  interrupted?: boolean;
  input?: Input;
  explain?: Explain;
  probe?: Probe;
  sweep?: Sweep;
  // compare
  arms?: Arm[];
  pairs?: Pair[];
  // train
  epochs?: Epoch[];
  model?: KerasModel;
  weights_sha256?: string;
  [test_metric: string]: unknown;
}

export interface Document {
  runs: Summary[];
}
