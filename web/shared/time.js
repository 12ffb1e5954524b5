// Times for people: how long until then, and when that is in their own zone.

const UNITS = [
  [86_400, "d"],
  [3_600, "h"],
  [60, "m"],
  [1, "s"],
];

/** A positive number of seconds in its largest two units. */
export const span = (seconds) => {
  const whole = Math.floor(seconds);
  const first = UNITS.findIndex(([size]) => whole >= size);
  if (first === -1) return "0s";
  const [size, unit] = UNITS[first];
  const [smaller, next] = UNITS[first + 1] ?? [];
  const head = `${Math.floor(whole / size)}${unit}`;
  return smaller ? `${head} ${Math.floor((whole % size) / smaller)}${next}` : head;
};

/** `3h 5m ago` or `in 3h 5m`. */
export const relative = (seconds, now) => {
  const gap = seconds - now;
  if (Math.abs(gap) < 1) return "now";
  return gap < 0 ? `${span(-gap)} ago` : `in ${span(gap)}`;
};

/** Day and time in the zone of whoever looks. */
export const absolute = (seconds) => {
  const date = new Date(seconds * 1000);
  if (Number.isNaN(date.getTime())) return "no time that a calendar has";
  return date.toLocaleString(undefined, {
    dateStyle: "medium",
    timeStyle: "long",
  });
};
