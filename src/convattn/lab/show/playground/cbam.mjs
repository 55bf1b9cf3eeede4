// CBAM's arithmetic: plain numbers in, every intermediate out. A map is a list of C channels, each a list of H * W values.

const total = (values) => values.reduce((a, b) => a + b, 0);
const mean = (values) => total(values) / values.length;
const most = (values) => values.reduce((a, b) => Math.max(a, b));
const linear = (weight, bias, z) => weight.map((row, i) => bias[i] + total(row.map((w, j) => w * z[j])));
const POOLS = { avg: mean, max: most };

export const sigmoid = (z) => 1 / (1 + Math.exp(-z));

// The window around a position on one plane, zeros outside: kernel * kernel values, row by row.
export function windowAt(plane, position, { kernel, height, width }) {
  const reach = (kernel - 1) / 2;
  const [row, column] = [Math.floor(position / width), position % width];
  const values = [];
  for (let r = row - reach; r <= row + reach; r += 1) {
    for (let c = column - reach; c <= column + reach; c += 1) {
      values.push(r >= 0 && r < height && c >= 0 && c < width ? plane[r * width + c] : 0);
    }
  }
  return values;
}

// Equation 2: each pool's descriptor through the same MLP (w0, b0, ReLU, w1, b1), added.
function channelPart(x, w, { channelPools }) {
  const paths = channelPools.map((pool) => {
    const descriptor = x.map(POOLS[pool]);
    const hidden = linear(w.w0, w.b0, descriptor).map((h) => Math.max(h, 0));
    return { pool, descriptor, hidden, out: linear(w.w1, w.b1, hidden) };
  });
  return { paths, logits: x.map((_, c) => total(paths.map((path) => path.out[c]))) };
}

// Equation 3: each pool's plane under its own window w.conv, added; then batch norm as in evaluation, w.gamma and w.beta.
function spatialPart(x, w, options) {
  const planes = options.spatialPools.map((pool) => ({ pool, values: x[0].map((_, p) => POOLS[pool](x.map((channel) => channel[p]))) }));
  const sums = x[0].map((_, p) => total(planes.map(({ values }, i) => total(windowAt(values, p, options).map((v, j) => v * w.conv[i][j])))));
  return { planes, sums, logits: sums.map((z) => (w.gamma * z) / Math.sqrt(1 + 1e-5) + w.beta) };
}

// A gate is live, off (1 everywhere, as if the part were not there) or frozen (at given logits).
function gateOf(part, { mode, frozen }) {
  const logits = mode === "frozen" ? frozen : part.logits;
  return { ...part, logits, gate: logits.map((z) => (mode === "off" ? 1 : sigmoid(z))) };
}

const scale = (x, channel, spatial) => x.map((values, c) => values.map((v, p) => v * (channel ? channel[c] : 1) * (spatial ? spatial[p] : 1)));

/* The whole module. options: order ("channel-spatial", "spatial-channel", "parallel"), channelPools, spatialPools, kernel, height,
   width, and for each gate, channel and spatial, { mode, frozen }. In parallel both read x, their logits are added, and
   one sigmoid follows; what is off adds nothing, and if both are off, the multiplier is 1. */
export function cbam(x, w, options) {
  if (options.order === "parallel") {
    const [channel, spatial] = [gateOf(channelPart(x, w, options), options.channel), gateOf(spatialPart(x, w, options), options.spatial)];
    const [which, where] = [options.channel.mode !== "off", options.spatial.mode !== "off"];
    const multiplier = (c, p) => (which || where ? sigmoid((which ? channel.logits[c] : 0) + (where ? spatial.logits[p] : 0)) : 1);
    const whole = x.map((values, c) => values.map((_, p) => multiplier(c, p)));
    return { channel, spatial, whole, output: x.map((values, c) => values.map((v, p) => v * whole[c][p])) };
  }
  if (options.order === "channel-spatial") {
    const channel = gateOf(channelPart(x, w, options), options.channel);
    const refined = scale(x, channel.gate, null);
    const spatial = gateOf(spatialPart(refined, w, options), options.spatial);
    return { channel, refined, spatial, output: scale(refined, null, spatial.gate) };
  }
  const spatial = gateOf(spatialPart(x, w, options), options.spatial);
  const refined = scale(x, null, spatial.gate);
  const channel = gateOf(channelPart(refined, w, options), options.channel);
  return { spatial, refined, channel, output: scale(refined, channel.gate, null) };
}
