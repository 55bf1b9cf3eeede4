// What the reader sets: the state, its weights, the presets, the link that carries it, and the same in Python.
import { cbam } from "./cbam.mjs";

export const C = 4;
export const [SIDE, SIZE] = [12, 12 * 12];
export const NAMES = ["A", "B", "C", "D"];

// Each choice with what it may be, and the name on the page; then the numbers, with their bounds and steps.
const [POOLING, MODES] = [{ "avg max": "Avg and Max", avg: "Avg", max: "Max" }, { live: "live", off: "off", frozen: "frozen" }];
export const CHOICES = {
  order: { "channel-spatial": "channel first", "spatial-channel": "space first", parallel: "parallel" },
  channelPools: POOLING, reduction: { 1: "1: one unit each", 2: "2: one unit for two", 4: "4: one unit for all" },
  mlp: { loud: "open what exceeds the others", quiet: "shut what exceeds the others" }, channelMode: MODES,
  spatialPools: POOLING, kernel: { 3: "3 × 3", 5: "5 × 5", 7: "7 × 7" },
  window: { area: "is it bright around here?", centre: "is it brighter than around?" }, spatialMode: MODES,
  brush: { spike: "spike", patch: "patch 3 × 3", texture: "texture", clear: "clear" },
};
export const RANGES = { bias: [-12, 4, 0.5], gamma: [1, 8, 1], beta: [-14, 4, 0.5], strength: [0, 6, 0.5], pick: [0, C - 1, 1], at: [0, SIZE - 1, 1] };

/* Weights set by hand. Hidden unit j reads the mean of its C/h channels; it speaks for them with 2 and for the others with
   -0.5, or the reverse. The window is a mean, or the middle less the mean of the rest. */
export function weights({ reduction, mlp, kernel, window, bias, gamma, beta, spatialPools }) {
  const [hidden, cells] = [C / reduction, kernel * kernel];
  const own = (c, j) => Math.floor(c / reduction) === j;
  const list = (n, make) => Array.from({ length: n }, (_, i) => make(i));
  const cell = (i) => (window === "area" ? 1 / cells : i === (cells - 1) / 2 ? 1 : -1 / (cells - 1));
  return {
    w0: list(hidden, (j) => list(C, (c) => (own(c, j) ? 1 / reduction : 0))), b0: list(hidden, () => 0),
    w1: list(C, (c) => list(hidden, (j) => (mlp === "loud" ? 1 : -1) * (own(c, j) ? 2 : -0.5))), b1: list(C, () => bias),
    conv: spatialPools.split(" ").map(() => list(cells, cell)), gamma, beta,
  };
}

export const featureMap = ({ map, level }) => map.map((values, c) => values.map((v) => (v * level[c]) / 100)); // both in tenths

export function options({ order, channelPools, spatialPools, kernel, channelMode, spatialMode, frozen }) {
  const logits = frozen.map((v) => v / 1024 - 128);
  return {
    order, kernel, height: SIDE, width: SIDE, channelPools: channelPools.split(" "), spatialPools: spatialPools.split(" "),
    channel: { mode: channelMode, frozen: logits.slice(0, C) }, spatial: { mode: spatialMode, frozen: logits.slice(C) },
  };
}

export const compute = (state) => cbam(featureMap(state), weights(state), options(state));

// Frozen logits are kept in steps of 1/1024, so that a link holds all of them exactly.
export const freeze = (logits) => logits.map((z) => Math.max(0, Math.min(64 ** 3 - 1, Math.round((z + 128) * 1024))));

// Presets. Values of a map are whole tenths.
export const blank = () => NAMES.map(() => Array(SIZE).fill(0));
const ALL = [0, 1, 2, 3];
function add(map, channels, [top, left, rows, columns], value) {
  for (const c of channels) for (let r = top; r < top + rows; r += 1) for (let k = left; k < left + columns; k += 1) map[c][r * SIDE + k] += value;
}
function noise(map, channels, most, seed = 1) {
  let x = seed;
  for (const c of channels) map[c].forEach((v, p) => { x = (x * 16807) % 2147483647; map[c][p] = v + (x % (most + 1)); });
}
const at = (row, column) => row * SIDE + column;
const DEFAULTS = {
  order: "channel-spatial", channelPools: "avg max", spatialPools: "avg max", reduction: 1, kernel: 3, mlp: "loud", window: "area",
  bias: 0, gamma: 2, beta: -3, channelMode: "live", spatialMode: "live", brush: "spike", strength: 4, pick: 0, at: at(4, 4),
};
export const PRESETS = {
  start: { title: "Both gates", look: "A has a square, B a texture, C one bright pixel, D is faint. See which channels the channel gate lets pass, and which places the spatial gate does. Then paint.",
    paint(map) { add(map, [0], [3, 3, 4, 4], 25); map[1].forEach((_, p) => { map[1][p] = (p + Math.floor(p / SIDE)) % 2 ? 0 : 12; }); add(map, [2], [8, 8, 1, 1], 40); noise(map, [3], 3); } },
  peak: { title: "A peak", look: "A has one bright pixel, the others have none. The channel gate reads Avg alone: compare A and B. Then let it read Max as well.",
    set: { channelPools: "avg", at: at(3, 5) }, paint(map) { noise(map, ALL, 4); map[0][at(3, 5)] = 40; } },
  area: { title: "An area", look: "A is three quarters full, B has one pixel as bright. The channel gate reads Max alone: compare A and B. Then let it read Avg as well.",
    set: { channelPools: "max", strength: 1, brush: "patch", at: at(5, 5) }, paint(map) { add(map, [0], [0, 0, 9, 12], 10); add(map, [1], [5, 5, 1, 1], 10); } },
  shuffle: { title: "A shuffle", look: "Press “Shuffle places” a few times: each channel keeps its values, in other places. See which gate notices.",
    set: { at: at(5, 5) }, paint(map) { add(map, [0], [4, 4, 4, 4], 30); add(map, [1], [4, 4, 2, 4], 25); noise(map, [2, 3], 6); } },
  place: { title: "A place", look: "Every channel has two squares, so the channel gate is the same for all. See where the spatial gate is open. Then let the spatial gate read Max instead of Avg.",
    set: { spatialPools: "avg", beta: -4, at: at(6, 6) }, paint(map) { add(map, ALL, [5, 5, 3, 3], 30); [[1, 1], [1, 8], [8, 1], [8, 8]].forEach((corner, c) => add(map, [c], [...corner, 3, 3], 30)); } },
  window: { title: "A window", look: "In all channels a faint square of 6 × 6 in noise, and one bright pixel below it on the right. See what the spatial gate finds with 7 × 7. Then try 3 × 3.",
    set: { kernel: 7, spatialPools: "avg", channelMode: "off", gamma: 4, beta: -9.5, strength: 6 }, paint(map) { noise(map, ALL, 40); add(map, ALL, [2, 2, 6, 6], 10); for (const c of ALL) map[c][at(10, 10)] = 60; } },
  order: { title: "The order", look: "B is loud, and the channel gate shuts it. See where the spatial gate is open. Then change the order to space first.",
    set: { mlp: "quiet", bias: 2, strength: 1, at: at(3, 3) }, paint(map) { add(map, [0], [2, 2, 3, 3], 25); add(map, [1], [7, 7, 4, 4], 60); } },
  shut: { title: "Stuck shut", look: "The output biases are −12. Paint a few bright pixels into A, and watch its logit and its gate. Then raise the bias.",
    set: { bias: -12 }, paint(map) { add(map, [0], [3, 3, 5, 5], 20); noise(map, [1, 2, 3], 6); } },
};

export function preset(name) {
  const state = { ...DEFAULTS, ...PRESETS[name].set, map: blank(), level: [10, 10, 10, 10], frozen: Array(C + SIZE).fill(128 * 1024) };
  PRESETS[name].paint(state.map);
  return state;
}

// A link: each choice by name, numbers as letters, runs of a letter shortened.
const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const pack = (numbers) => numbers.map((n) => LETTERS[n]).join("").replace(/(.)\1{3,}/g, (run, c) => `${c}*${run.length}.`);
function unpack(name, text, length) {
  const letters = (text ?? "").replace(/(.)\*(\d{1,3})\./g, (_, c, n) => c.repeat(n));
  const numbers = [...letters].map((c) => LETTERS.indexOf(c));
  if (numbers.length !== length || numbers.includes(-1)) throw new RangeError(`${name} must be ${length} letters, got ${letters.length}`);
  return numbers;
}
const isFrozen = ({ channelMode, spatialMode }) => channelMode === "frozen" || spatialMode === "frozen";

export function toLink(state) {
  const parts = [...Object.keys(CHOICES), ...Object.keys(RANGES)].map((name) => [name, state[name]]);
  parts.push(["level", pack(state.level)], ["map", pack(state.map.flat())]);
  if (isFrozen(state)) parts.push(["frozen", pack(state.frozen.flatMap((v) => [v >> 12, (v >> 6) & 63, v & 63]))]);
  return String(new URLSearchParams(parts));
}

export function fromLink(text) {
  const given = new URLSearchParams(text);
  const state = preset("start");
  for (const [name, allowed] of Object.entries(CHOICES)) {
    if (!(given.get(name) in allowed)) throw new RangeError(`${name} must be one of ${Object.keys(allowed).join(", ")}, got ${given.get(name)}`);
    state[name] = typeof state[name] === "number" ? Number(given.get(name)) : given.get(name);
  }
  for (const [name, [least, most, step]] of Object.entries(RANGES)) {
    const value = Number(given.get(name) ?? NaN);
    if (!(value >= least && value <= most && Number.isInteger(value / step))) throw new RangeError(`${name} must be from ${least} to ${most} in steps of ${step}, got ${given.get(name)}`);
    state[name] = value;
  }
  state.level = unpack("level", given.get("level"), C);
  if (state.level.some((v) => v > 30)) throw new RangeError(`level must be at most 30 tenths, got ${state.level}`);
  const flat = unpack("map", given.get("map"), C * SIZE);
  state.map = NAMES.map((_, c) => flat.slice(c * SIZE, (c + 1) * SIZE));
  const frozen = isFrozen(state) ? unpack("frozen", given.get("frozen"), 3 * (C + SIZE)) : null;
  if (frozen) state.frozen = state.frozen.map((_, i) => (frozen[3 * i] << 12) + (frozen[3 * i + 1] << 6) + frozen[3 * i + 2]);
  return state;
}

// The same with the package. Gates that are frozen or off are applied by hand, so that the lines say what happens.
const listing = (values) => `[${values.map((v) => Math.round(v * 1e9) / 1e9).join(", ")}]`;
const matrix = (rows, indent) => `[\n${rows.map((row) => `${indent}    ${listing(row)},\n`).join("")}${indent}]`;
const square = (values) => Array.from({ length: SIDE }, (_, r) => values.slice(r * SIDE, (r + 1) * SIDE));

export function toPython(state) {
  const [w, set, k] = [weights(state), options(state), state.kernel];
  const pools = ["channel", "spatial"].filter((part) => set[`${part}Pools`].length === 1).map((part) => `, ${part}_pools=("${set[`${part}Pools`][0]}",)`).join("");
  const lines = [
    "import torch", "", "from convattn import CBAM", "",
    "x = torch.tensor([", ...featureMap(state).map((values) => `    ${matrix(square(values), "    ")},`), "], dtype=torch.float32)[None]  # (1, 4, 12, 12)",
    `cbam = CBAM(${C}, reduction=${state.reduction}, kernel_size=${k}, order="${set.order}"${pools}).eval()`,
    "with torch.no_grad():",
    `    cbam.channel.fc1.weight.copy_(torch.tensor(${matrix(w.w0, "    ")}))`, "    cbam.channel.fc1.bias.zero_()",
    `    cbam.channel.fc2.weight.copy_(torch.tensor(${matrix(w.w1, "    ")}))`, `    cbam.channel.fc2.bias.fill_(${state.bias})`,
    ...(state.window === "area" ? [`    cbam.spatial.conv.weight.fill_(1 / ${k * k})`]
      : [`    cbam.spatial.conv.weight.fill_(-1 / ${k * k - 1})`, `    cbam.spatial.conv.weight[:, :, ${(k - 1) / 2}, ${(k - 1) / 2}] = 1`]),
    `    cbam.spatial.norm.weight.fill_(${state.gamma})`, `    cbam.spatial.norm.bias.fill_(${state.beta})`,
  ];
  const parallel = set.order === "parallel";
  const frozen = { channel: `torch.tensor(${listing(set.channel.frozen)}).view(1, ${C}, 1, 1)`, spatial: `torch.tensor(${matrix(square(set.spatial.frozen), "    ")})` };
  const part = (name, input) => ({
    live: `cbam.${name}.${parallel ? "logits" : "gate"}(${input})`, off: parallel ? "0  # off" : "1  # off", frozen: `${frozen[name]}${parallel ? "" : ".sigmoid()"}  # frozen`,
  })[set[name].mode];
  const off = set.channel.mode === "off" && set.spatial.mode === "off";
  const [first, second] = set.order === "spatial-channel" ? ["spatial", "channel"] : ["channel", "spatial"];
  if (set.channel.mode === "live" && set.spatial.mode === "live") lines.push("    y = cbam(x)", "    channel, spatial = cbam.gates(x)");
  else if (parallel) lines.push(`    channel_logits = ${part("channel", "x")}`, `    spatial_logits = ${part("spatial", "x")}`, `    y = x${off ? "  # both are off" : " * torch.sigmoid(channel_logits + spatial_logits)"}`);
  else lines.push(`    ${first} = ${part(first, "x")}`, `    refined = x * ${first}`, `    ${second} = ${part(second, "refined")}`, `    y = refined * ${second}`);
  return `${lines.join("\n")}\nprint(y)\n`;
}
