// Reads the text format of Prometheus, and makes rates and quantiles of what grew between two readings.

const LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/;
const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/g;

/** Every sample: `{name, labels, value}`. */
export const parse = (text) => {
  const samples = [];
  for (const line of text.split("\n")) {
    const match = line.startsWith("#") ? null : LINE.exec(line);
    if (!match) continue;
    const labels = {};
    for (const [, name, value] of (match[2] ?? "").matchAll(LABEL)) {
      labels[name] = value.replace(/\\(.)/g, (_, escaped) => (escaped === "n" ? "\n" : escaped));
    }
    samples.push({ name: match[1], labels, value: Number(match[3].replace("Inf", "Infinity")) });
  }
  return samples;
};

const keyOf = ({ name, labels }) => `${name}${JSON.stringify(Object.entries(labels).sort())}`;

/**
 * What counters grew by from the samples `before` to those of `now`, each as a sample. One that is
 * smaller than before began again at zero, and so did all of them with another `startedAt`.
 */
export const growth = (before, now) => {
  const old = new Map(before.map((sample) => [keyOf(sample), sample.value]));
  const begun = startedAt(before) !== startedAt(now);
  return now.map((sample) => {
    const last = begun ? 0 : old.get(keyOf(sample)) ?? 0;
    const grown = sample.value < last ? sample.value : sample.value - last;
    return { ...sample, value: grown };
  });
};

/** When the process began, in seconds since 1970. */
export const startedAt = (samples) =>
  samples.find(({ name }) => name === "process_start_time_seconds")?.value ?? null;

/** The sum of the samples of that name whose labels pass. */
export const sum = (samples, name, passes = () => true) =>
  samples.reduce(
    (total, sample) => (sample.name === name && passes(sample.labels) ? total + sample.value : total),
    0,
  );

/**
 * The time that the fraction `share` of the requests stayed below, by the buckets of the histogram
 * `name`; null where there were none. Between the bounds of a bucket it is taken to be even.
 */
export const quantile = (samples, name, share, passes = () => true) => {
  const buckets = new Map();
  for (const { name: bucket, labels, value } of samples) {
    if (bucket !== `${name}_bucket` || !passes(labels)) continue;
    const bound = labels.le === "+Inf" ? Infinity : Number(labels.le);
    buckets.set(bound, (buckets.get(bound) ?? 0) + value);
  }
  const bounds = [...buckets.keys()].sort((one, other) => one - other);
  const all = buckets.get(Infinity) ?? 0;
  if (all === 0) return null;
  const rank = share * all;
  let [below, lower] = [0, 0];
  for (const bound of bounds) {
    const count = buckets.get(bound);
    if (count >= rank) {
      // Of what is above the last bound nobody knows how far.
      if (bound === Infinity) return lower;
      return lower + ((bound - lower) * (rank - below)) / (count - below || 1);
    }
    [below, lower] = [count, bound];
  }
  return lower;
};
