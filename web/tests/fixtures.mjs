// Summaries for the tests of the page, made up from the contract of summary.json. FIXTURES: no run gave these numbers.

/** Numbers in [0, 1) that are the same every time. */
function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

const mean = (values) => values.reduce((sum, v) => sum + v, 0) / values.length;
const interval = (values) => {
  const centre = mean(values);
  const deviation = Math.sqrt(mean(values.map((v) => (v - centre) ** 2)));
  return values.length > 1 ? [centre - deviation, centre + deviation] : null;
};

const header = (command, more = {}) => ({
  command,
  version: "0.0.0-fixture",
  arguments: {
    model: "model_bn", data: "fixture", target: null, epochs: 3, batch_size: 128, optimizer: "sgd", learning_rate: 0.1,
    threads: 2, out: "runs/fixture", scaling: "auto", validation_rows: 100, seeds: 6, arms: "none,before,after", ...more,
  },
  machine: {cpu: "Fixture Processor", threads: 2, simd: "avx2"},
  seconds: 12.5,
  command_line: "evenkeel compare --data fixture",
});

function run(seed, level, next, epochs, diverged) {
  const accuracy = level + 0.004 * next();
  const done = diverged ? 1 : epochs;
  return {
    seed, diverged, test_accuracy: diverged ? 0.1 : accuracy, test_loss: diverged ? null : 1 - accuracy, seconds: 0.5 + 0.1 * next(),
    epochs: Array.from({length: done}, (_, e) => ({
      epoch: e + 1, train_loss: diverged ? null : 0.5 / (e + 1) + 0.02 * next(), train_accuracy: level - 0.05 / (e + 1),
      validation_loss: 0.4 / (e + 1), validation_accuracy: level - 0.03 / (e + 1) + 0.003 * next(), learning_rate: 0.1, seconds: 0.2 + 0.02 * next(),
    })),
  };
}

function pair(a, b, difference, verdict, seeds) {
  return {
    a, b, metric: "test_accuracy", difference, ci95: seeds < 6 ? null : [difference - 0.002, difference + 0.002], p_sign_flip: 0.031, verdict,
    seeds, d_z: 2.5, p_equivalence: 0.5, margin: 0.003, sentence: `${a} against ${b}: a fixture's sentence (${verdict}).`,
  };
}

export function compare({optimizer = "sgd", seeds = 6, diverged = false, out = "runs/fixture", levels = [0.95, 0.97, 0.968]} = {}) {
  const next = random(7);
  const names = ["none", "before", "after"];
  const arms = names.map((name, i) => {
    const runs = Array.from({length: seeds}, (_, seed) => run(seed, levels[i], next, 3, diverged && name === "none" && seed === 1));
    const values = runs.map((r) => r.test_accuracy);
    return {
      name, optimizer, learning_rate: 0.1, runs, test_accuracy: {mean: mean(values), ci95: interval(values)},
      epochs_to_none: {target: levels[0] - 0.01, epochs: 3, runs: runs.map(() => (i === 0 ? null : 2)), reached: i === 0 ? 0 : seeds, median: i === 0 ? null : 2},
    };
  });
  return {
    ...header("compare", {optimizer, out, seeds}),
    arms,
    pairs: [pair("before", "none", levels[1] - levels[0], "better", seeds), pair("after", "none", levels[2] - levels[0], "undecided", seeds), pair("after", "before", levels[2] - levels[1], "equivalent", seeds)],
    interrupted: false,
  };
}

export function input(names = ["age", "income"]) {
  const distribution = (low, high, centre, deviation) => {
    const bins = 20;
    return {
      mean: centre, std: deviation, min: low, max: high,
      histogram: {edges: Array.from({length: bins + 1}, (_, i) => low + ((high - low) * i) / bins), counts: Array.from({length: bins}, (_, i) => 100 + 10 * ((i * 7) % 13))},
      features: names.map((name, i) => ({name, mean: centre + i, std: deviation, min: low, max: high})),
    };
  };
  return {scaling: "normalization", rows: 1000, before: distribution(18, 90000, 20000, 25000), after: distribution(-2, 2.5, 0, 1)};
}

export function probe(arms = ["none", "before", "after"]) {
  const next = random(3);
  const steps = Array.from({length: 30}, (_, i) => 10 * i);
  const quantity = (arm) => {
    const walk = (offset) => steps.map((_, i) => offset + (arm === "none" ? 0.08 * i : 0.01 * i) + 0.1 * next());
    return {pooled: {p15: walk(-1), p50: walk(0), p85: walk(1), mean: walk(0), std: walk(1)}, unit: {index: 3, p15: walk(-0.8), p50: walk(0.1), p85: walk(0.9)}};
  };
  return {
    seed: 0, rows: 500, seconds_share: 0.04,
    arms: arms.map((name) => ({
      name, steps,
      layers: [["dense", 16], ["dense_1", 8]].map(([layer, units]) => ({
        name: layer, units, activation: "relu", entering: quantity(name), next_input: quantity(name),
        dead: steps.map((_, i) => (name === "none" ? 0.004 * i : 0)), gradient_norm: steps.map(() => 0.1 + next()), update_norm: steps.map(() => 0.01),
      })),
      gamma_beta: name === "none" ? [] : [["batch_normalization", 16], ["batch_normalization_1", 8]].map(([layer, units]) => ({
        layer, gamma_start: Array(units).fill(1), gamma_end: Array.from({length: units}, () => 0.8 + 0.5 * next()),
        beta_start: Array(units).fill(0), beta_end: Array.from({length: units}, () => next() - 0.5),
      })),
    })),
  };
}

export function sweep({key = "learning_rate", values = [0.001, 0.01, 0.1, 1, 10], scale = "log"} = {}) {
  const next = random(11);
  const cells = values.map((value, i) => ({
    value,
    arms: ["none", "before", "after"].map((name) => {
      const lost = name === "none" && i >= 3;
      const runs = Array.from({length: 4}, (_, seed) => ({seed, diverged: lost && seed < i - 1, test_accuracy: lost && seed < i - 1 ? 0.1 : 0.9 + 0.02 * i - (name === "none" ? 0.03 : 0) + 0.01 * next(), test_loss: 0.2, seconds: 0.4}));
      const accuracies = runs.map((r) => r.test_accuracy);
      return {name, runs, test_accuracy: {mean: mean(accuracies), ci95: interval(accuracies)}};
    }),
  }));
  const numeric = scale !== "ordinal";
  return {
    key, values, scale, preset: null, cells,
    useful_range: numeric ? [{arm: "none", low: values[1], high: values[2], decades: 1, rule: "mean test accuracy ≥ 90 %"}, {arm: "before", low: values[0], high: values[4], decades: 4, cut_low: true, cut_high: true, rule: "mean test accuracy ≥ 90 %"}, {arm: "after", low: null, high: null, decades: null, rule: "mean test accuracy ≥ 90 %"}] : [],
    range_pairs: [{a: "before", b: "none", sentence: "a fixture's sentence about useful ranges"}],
    best: ["none", "before", "after"].map((arm, i) => ({arm, value: values[Math.min(i + 1, values.length - 1)], chosen_on: "held-out training rows"})),
  };
}

export function train() {
  return {
    ...header("train", {seed: 0, resume: false}),
    test_accuracy: 0.96, test_loss: 0.14, weights_sha256: "0".repeat(64),
    epochs: [1, 2, 3].map((epoch) => ({epoch, train_loss: 0.4 / epoch, train_accuracy: 0.9 + 0.02 * epoch, validation_loss: 0.5 / epoch, validation_accuracy: 0.89 + 0.02 * epoch, learning_rate: 0.1, seconds: 0.3})),
    model: {config: {name: "model_bn", layers: [
      {class_name: "InputLayer", config: {batch_shape: [null, 28, 28], name: "input_layer"}},
      {class_name: "Flatten", config: {name: "flatten"}},
      {class_name: "Dense", config: {name: "dense", units: 128, activation: "linear", use_bias: true}},
      {class_name: "BatchNormalization", config: {name: "batch_normalization", center: true, scale: true}},
      {class_name: "Dense", config: {name: "dense_1", units: 10, activation: "softmax", use_bias: true}},
    ]}},
    input: input(),
  };
}

export const full = () => ({...compare({diverged: true}), input: input(), probe: probe()});

/** What must never run: it sets window.hurt, or breaks out of the element that carries the numbers. */
export const hostile = [
  "</script><script>window.hurt=1</script>", "<!--<script>", "<img src=x onerror=window.hurt=2>", "\u2028window.hurt=3\u2029",
  "${window.hurt=4}", "\"};window.hurt=5;//", "&lt;script&gt;", "constructor", "__proto__",
];
