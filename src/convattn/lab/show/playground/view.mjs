// What the reader sees and touches. start(root) builds the playground in an element.
import { sigmoid, windowAt } from "./cbam.mjs";
import { C, CHOICES, NAMES, PRESETS, RANGES, SIDE, SIZE, blank, compute, featureMap, freeze, fromLink, preset, toLink, toPython, weights } from "./state.mjs";

const [F, F1, F2, MC, MS] = ["F", "F′", "F″", "M<sub>c</sub>", "M<sub>s</sub>"];
const plain = (html) => html.replace(/<sub>(\w+)<\/sub>/g, "_$1").replace(/<[^>]+>/g, "");
const list = (n, make) => Array.from({ length: n }, (_, i) => make(i));
const fixed = (v, n) => v.toFixed(n).replace(/^-(0\.?0*)$/, "$1").replace("-", "−");
const two = (v) => fixed(v, 2);
const FORMS = { map: (v) => fixed(v, v < 9.995 ? 2 : 1).replace(/\.?0+$/, ""), logit: (v) => fixed(v, 1), gate: two };
const place = (p) => `row ${Math.floor(p / SIDE)}, column ${p % SIDE}`; // from 0, as in code

function el(tag, { html, ...attributes } = {}, ...children) {
  const svg = ["svg", "rect", "text"].includes(tag);
  const node = svg ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  if (html !== undefined) node.innerHTML = html;
  node.append(...children);
  return node;
}
const button = (label, act, attributes = {}) => { const b = el("button", { type: "button", ...attributes }, label); b.addEventListener("click", act); return b; };
const group = (kind, label, ...children) => el("div", { class: kind, role: "group", "aria-label": label }, ...children);
const fill = (slot, nodes) => { if (nodes.length !== slot.childElementCount || nodes.some((node, i) => slot.children[i] !== node)) slot.replaceChildren(...nodes); };

// A tensor as coloured cells: the stronger the colour, the larger the number. Without `form` a small picture.
function cells({ title, name = plain(title), kind, rows, columns, size: [w, h], form, heads }) {
  const top = heads ? 13 : 0;
  const svg = el("svg", { viewBox: `0 0 ${columns * w} ${rows * h + top}`, role: "img", class: `pg-cells pg-${kind}`, "data-name": name, style: `--w:${columns * w}px` });
  const text = (x, y, more) => el("text", { x, y, "aria-hidden": "true", ...more });
  heads?.forEach((head, i) => { const t = text((i + 0.5) * w, 10, { class: "pg-head" }); t.append(head); svg.append(t); });
  const drawn = list(rows * columns, (i) => {
    const [x, y] = [(i % columns) * w, Math.floor(i / columns) * h + top];
    const cell = [el("rect", { x, y, width: w, height: h }), ...(form ? [text(x + w / 2, y + h / 2 + 3.4)] : [])];
    svg.append(...cell);
    return cell;
  });
  const marks = ["pg-window", "pg-at"].map((mark) => el("rect", { class: mark }));
  svg.append(...marks);
  const heading = el("p", { html: title ?? "" });
  const root = el("div", { class: "pg-tensor" }, heading, svg);
  function mark(rect, p, reach) { // what a window of this reach covers
    const [r, c] = [Math.floor(p / columns), p % columns];
    const [r0, c0, r1, c1] = [Math.max(r - reach, 0), Math.max(c - reach, 0), Math.min(r + reach, rows - 1), Math.min(c + reach, columns - 1)];
    Object.entries({ display: "inline", x: c0 * w, y: r0 * h + top, width: (c1 - c0 + 1) * w, height: (r1 - r0 + 1) * h }).forEach(([key, value]) => rect.setAttribute(key, value));
  }
  function draw(values, { most = Math.max(1e-9, ...values.map(Math.abs)), at, reach, label = plain(heading.innerHTML) || name } = {}) {
    values.forEach((v, i) => {
      const [rect, number] = drawn[i];
      rect.setAttribute("class", v < 0 ? "pg-negative" : "");
      rect.setAttribute("fill-opacity", (0.04 + 0.46 * Math.min(1, Math.abs(v) / most)).toFixed(2));
      if (number && number.textContent !== form(v)) number.textContent = form(v);
    });
    marks.forEach((rect) => rect.setAttribute("display", "none"));
    if (reach) mark(marks[0], at, reach);
    if (at !== undefined) mark(marks[1], at, 0);
    const range = values.length > 8 ? `from ${two(Math.min(...values))} to ${two(Math.max(...values))}` : values.map((v, i) => `${heads?.[i] ?? ""} ${two(v)}`).join(", ");
    svg.setAttribute("aria-label", `${label}: ${range}`);
  }
  return { root, svg, heading, draw };
}
const map = (title, kind) => cells({ title, kind, rows: SIDE, columns: SIDE, size: [30, 20], form: FORMS[kind] });
const vector = (title, kind, n, heads) => cells({ title, kind, rows: 1, columns: n, size: [38, 24], form: two, heads });
const picture = (name) => cells({ name, kind: "map", rows: SIDE, columns: SIDE, size: [4, 4] });

export function start(root) {
  let [state, from, edited, hover, step, result, dragged, past] = [preset(root.dataset.preset), root.dataset.preset, false, null, null, null, null, []];
  const [sync, inBook, parallel] = [[], "content_root" in document.documentElement.dataset, () => state.order === "parallel"];
  const still = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
  const [status, say] = [el("p", { class: "pg-status", role: "status" }), (text) => { status.textContent = text; }];

  // What is said after a change: the gates, each beside what it was.
  const gates = () => (parallel() ? result.whole.map((values) => values[state.at]) : result.channel.gate);
  const where = () => (parallel() ? result.whole[state.pick] : result.spatial.gate);
  const readings = () => ({ order: parallel(), which: gates().map(two), logits: result.channel.logits.map(two), spread: `${two(Math.min(...where()))} to ${two(Math.max(...where()))}, above ½ at ${where().filter((g) => g > 0.5).length} places` });
  const was = (old, now) => (old === undefined || old === now ? now : `${old} → ${now}`);
  function summary(before) {
    const [old, now] = [before?.order === parallel() ? before : undefined, readings()];
    return `${parallel() ? "M here" : "Channel gate"}: ${now.which.map((g, c) => `${NAMES[c]} ${was(old?.which[c], g)}`).join(", ")}. ${parallel() ? `M of ${NAMES[state.pick]}` : "Spatial gate"}: ${was(old?.spread, now.spread)}.`;
  }
  function position(before) {
    const [c, now] = [state.pick, readings()];
    return `Channel ${NAMES[c]}, ${place(state.at)}: F ${two(featureMap(state)[c][state.at])}, ${parallel() ? "M" : "spatial gate"} ${two(where()[state.at])}, output ${two(result.output[c][state.at])}. ${parallel() ? "M here" : "Channel gate"} of ${NAMES[c]}: ${was(before?.which[c], now.which[c])}, logit ${was(before?.logits[c], now.logits[c])}.`;
  }

  // Controls: each keeps itself in step with the state.
  function edit(act, tell = summary) {
    const before = readings();
    if (dragged === null) past = [...past.slice(-49), [structuredClone(state), from]];
    act();
    edited = true;
    update();
    say(tell(before));
  }
  const set = (name, value) => () => {
    const part = { channelMode: "channel", spatialMode: "spatial" }[name];
    if (part && value === "frozen") state.frozen.splice(part === "channel" ? 0 : C, result[part].logits.length, ...freeze(result[part].logits));
    state[name] = typeof state[name] === "number" ? Number(value) : value;
  };
  function choice(name, label) {
    const select = el("select", { name }, ...Object.entries(CHOICES[name]).map(([value, text]) => new Option(text, value)));
    select.addEventListener("change", () => { edit(set(name, select.value)); if (name === "order" && step !== null) go(0); });
    sync.push(() => { select.value = state[name]; });
    return el("label", { class: label.startsWith("what") ? "pg-wide" : "", html: `<span>${label}</span>` }, select);
  }
  function slider(label, [min, max, by], read, write, tell) {
    const [input, output] = [el("input", { type: "range", min, max, step: by }), el("output")];
    input.addEventListener("input", () => edit(() => write(Number(input.value)), tell));
    sync.push(() => { input.value = read(); output.textContent = fixed(read(), 1).replace(".0", ""); });
    return el("label", { class: "pg-slider", html: `<span>${label}</span>` }, input, output);
  }
  const range = (name, label, tell) => slider(label, RANGES[name], () => state[name], (value) => set(name, value)(), tell);

  // The tensors, and where each stands.
  const [paint, live] = [map("", "map"), map("", "gate")];
  for (const [name, value] of Object.entries({ role: "application", "aria-roledescription": "surface to paint on", tabindex: 0, "data-name": "F" })) paint.svg.setAttribute(name, value);
  const rows = NAMES.map((name, c) => {
    const [input, output, gate] = [picture(`F, channel ${name}`), picture(`F″, channel ${name}`), cells({ name: "gate", kind: "gate", rows: 1, columns: 1, size: [38, 24], form: two })];
    const pick = button(input.svg, () => { state.pick = c; update(); say(`Painting on channel ${name}.`); }, { class: "pg-pick", "aria-label": `Paint on channel ${name}` });
    const level = slider(`<span class="pg-unseen">level of </span>${name}`, [0, 3, 0.1], () => state.level[c] / 10, (v) => { state.level[c] = Math.round(v * 10); });
    return { pick, input, output, gate, level };
  });
  const paths = ["avg", "max"].map((pool) => {
    const name = pool === "avg" ? "Avg" : "Max";
    const hidden = Object.fromEntries([1, 2, 4].map((n) => [n, vector(n === 1 ? "hidden unit" : "hidden units", "map", n)]));
    const windows = Object.fromEntries([3, 5, 7].map((k) => [k, ["map", "logit"].map((kind, i) => cells({ title: i ? "weights" : `values, ${name}`, kind, rows: k, columns: k, size: [i ? 20 : 27, 18], form: i ? (x) => two(x).replace("0.", ".").replace(".00", "") : FORMS.map }))]));
    return { pool, name, descriptor: vector(`${name} of each channel`, "map", C, NAMES), hidden, out: vector(`MLP(${name})`, "logit", C, NAMES), line: el("div", { class: "pg-path" }), plane: map(`${name} over the channels`, "map"), windows };
  });
  const v = { logits: vector("added: the logits", "logit", C, NAMES), gate: vector(MC, "gate", C, NAMES) };
  const m = { logits: map("logits", "logit"), gate: map(MS, "gate"), refined: map(F1, "map"), output: map(F2, "map"), whole: map("M", "gate") };
  const mirrors = new Map([[v.gate, rows.map((r) => r.gate.svg)], [m.gate, [live.svg]], [m.whole, [live.svg, ...rows.map((r) => r.gate.svg)]], [m.output, rows.map((r) => r.output.svg)]]);
  const [look, sentence, sum, mapTitle] = [["pg-look"], ["pg-step", "status"], ["pg-sum"], ["pg-title"]].map(([name, role]) => el("p", { class: name, ...(role ? { role } : {}) }));
  const [joined, channelEnd, planeSlot, spatialEnd] = ["pg-path pg-joined", "pg-pair", "pg-pair", "pg-pair"].map((name) => el("div", { class: name }));
  const [windowSlot, input, spatialInput, gateHead] = [el("div", { class: "pg-line" }), el("span"), el("span"), el("span")];
  const code = el("textarea", { readonly: "", rows: 8, hidden: "", spellcheck: "false", "aria-label": "To copy" });
  const channel = group("pg-section", "Channel gate", el("p", { class: "pg-title", html: `<b>Which? The channel gate ${MC}</b>, from ` }, input),
    el("div", { class: "pg-controls" }, choice("reduction", "reduction r"), choice("mlp", "what the MLP asks"), range("bias", "output bias"), choice("channelMode", "gate")),
    el("div", { class: "pg-pair" }, el("div", { class: "pg-paths" }, ...paths.map((p) => p.line), joined), channelEnd));
  const spatial = group("pg-section", "Spatial gate", el("p", { class: "pg-title", html: `<b>Where? The spatial gate ${MS}</b>, from ` }, spatialInput),
    el("div", { class: "pg-controls" }, choice("window", "what the window asks"), range("gamma", "batch norm, γ"), range("beta", "batch norm, β"), choice("spatialMode", "gate")),
    planeSlot, sum, windowSlot, spatialEnd);
  const stages = el("div", {}, channel, spatial);
  const brushes = el("div", { class: "pg-line", role: "radiogroup", "aria-label": "Brush" }, ...Object.entries(CHOICES.brush).map(([name, label]) => {
    const radio = el("input", { type: "radio", name: `${root.id}-brush`, value: name });
    radio.addEventListener("change", () => { state.brush = name; });
    sync.push(() => { radio.checked = state.brush === name; });
    return el("label", { class: "pg-brush" }, radio, label);
  }));
  const shuffled = (values) => { const mixed = [...values]; for (let i = SIZE - 1; i > 0; i -= 1) { const j = Math.floor(Math.random() * (i + 1)); [mixed[i], mixed[j]] = [mixed[j], mixed[i]]; } return mixed; };
  const undo = button("Undo", () => { if (past.length) [state, from] = past.pop(); update(); say(`Undone. ${summary()}`); });
  const presets = Object.entries(PRESETS).map(([name, { title }]) => button(title, () => load(preset(name), name), { "data-preset": name }));
  const copy = (text, what) => { code.hidden = false; code.value = text; code.select(); (navigator.clipboard?.writeText(text) ?? Promise.reject()).then(() => say(`${what} copied.`), () => say(`${what}: select it in the box and copy.`)); };
  const [back, next, all] = [button("Back", () => go(step - 1)), button("Step through", () => go(step === null ? 0 : step + 1)), button("Show all", () => go(null))];
  const walk = group("pg-walk", "One operation at a time", sentence, el("div", { class: "pg-buttons" }, next, back, all)); // the buttons stay where they are while the sentence changes
  root.replaceChildren(group("pg-buttons", "Presets", ...presets), look, el("div", { class: "pg-top" },
    el("div", {}, el("p", { class: "pg-title", html: `<b>The map ${F}.</b> Paint here, or arrows and space.` }), paint.svg),
    el("div", {}, mapTitle, live.svg),
    el("div", {}, brushes, range("strength", "strength", () => ""), el("div", { class: "pg-buttons" }, undo, button("Shuffle places", () => edit(() => { state.map = state.map.map(shuffled); })),
      button("Clear channel", () => edit(() => { state.map[state.pick] = blank()[0]; })), button("Clear all", () => edit(() => { state.map = blank(); }))), status),
    el("div", {}, el("div", { class: "pg-rows" }, el("span", {}, "channel"), el("span", {}, "level"), gateHead, el("span", {}, F2), ...rows.flatMap((r) => [r.pick, r.level, r.gate.svg, r.output.svg])), el("div", { class: "pg-controls" }, choice("order", "order"), choice("channelPools", "channel gate reads"), choice("spatialPools", "spatial gate reads"), choice("kernel", "its window")))),
    el("div", { class: "pg-foot" }, walk), stages,
    el("div", { class: "pg-buttons" }, button("Copy as Python", () => copy(toPython(state), "Python")), ...(inBook ? [button("Copy link", () => copy(`${location.href.split("#")[0]}#play&${toLink(state)}`, "Link"))] : [])), code);

  // Painting, and looking at a position.
  const cell = (x, size) => Math.min(SIDE - 1, Math.max(0, Math.floor((x / size) * SIDE)));
  const under = (event, svg) => { const b = svg.getBoundingClientRect(); return cell(event.clientY - b.top, b.height) * SIDE + cell(event.clientX - b.left, b.width); };
  function stroke(p) {
    const [row, column, reach] = [Math.floor(p / SIDE), p % SIDE, state.brush === "spike" ? 0 : 1];
    for (let r = Math.max(0, row - reach); r <= Math.min(SIDE - 1, row + reach); r += 1) {
      for (let c = Math.max(0, column - reach); c <= Math.min(SIDE - 1, column + reach); c += 1) {
        if (state.brush !== "texture" || (r + c) % 2 === 0) state.map[state.pick][r * SIDE + c] = state.brush === "clear" ? 0 : 10 * state.strength;
      }
    }
    [state.at, hover] = [p, null];
  }
  paint.svg.addEventListener("pointerdown", (e) => { const p = under(e, paint.svg); paint.svg.setPointerCapture(e.pointerId); edit(() => stroke(p), position); dragged = p; });
  paint.svg.addEventListener("pointermove", (e) => { const p = under(e, paint.svg); if (dragged !== null && p !== dragged) { dragged = p; edit(() => stroke(p), position); } });
  for (const end of ["pointerup", "pointercancel"]) paint.svg.addEventListener(end, () => { dragged = null; });
  const lookAt = (p) => { state.at = p; update(); say(position()); };
  paint.svg.addEventListener("keydown", (e) => {
    const move = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[e.key];
    const [r, c] = [Math.floor(state.at / SIDE), state.at % SIDE].map((i, axis) => Math.min(SIDE - 1, Math.max(0, i + (move?.[axis] ?? 0))));
    if (move) lookAt(r * SIDE + c);
    else if (e.key === " " || e.key === "Enter") edit(() => stroke(state.at), position);
    else return;
    e.preventDefault();
  });
  for (const { svg } of [...paths.map((p) => p.plane), ...Object.values(m), live, paint]) {
    svg.addEventListener("pointermove", (e) => { if (dragged === null && e.pointerType !== "touch" && hover !== under(e, svg)) { hover = under(e, svg); update(); } });
    svg.addEventListener("pointerleave", () => { hover = null; update(); });
    if (svg !== paint.svg) svg.addEventListener("click", (e) => lookAt(under(e, svg)));
  }

  // One operation at a time: what it reads, what it makes, and the sentence.
  function operations() {
    const [channelReads, spatialReads] = { "channel-spatial": [paint, m.refined], "spatial-channel": [m.refined, paint], parallel: [paint, paint] }[state.order];
    const used = paths.filter((p) => state.channelPools.includes(p.pool));
    const hidden = used.map((p) => p.hidden[C / state.reduction]);
    const stacked = paths.filter((p) => state.spatialPools.includes(p.pool)).map((p) => p.plane);
    const named = (tensor) => (tensor === paint ? F : F1);
    const makes = (mode, name, each) => ({ live: `The sigmoid makes numbers between 0 and 1: ${name}, one for each ${each}.`, off: `${name} is off: 1 everywhere, whatever the logits are.`, frozen: `The sigmoid makes ${name} of the frozen logits.` })[mode];
    const kept = (mode) => (mode === "frozen" ? " Frozen logits stand in their place." : "");
    const ch = [[[channelReads], used.map((p) => p.descriptor), `Each channel of ${named(channelReads)} shrinks to one number, its ${used.map((p) => (p.pool === "avg" ? "mean" : "maximum")).join(", and to its ")}.`],
      [used.map((p) => p.descriptor), hidden, "The first layer of the MLP: weighted sums, then the ReLU."],
      [hidden, used.map((p) => p.out), `The second layer: back to one number for each channel.${used.length > 1 ? " Both pools use the same weights." : ""}`],
      [used.map((p) => p.out), [v.logits], `${used.length > 1 ? "The two results are added: the logits." : "There is one result: the logits."}${kept(state.channelMode)}`],
      [[v.logits], [v.gate], makes(state.channelMode, MC, "channel")]];
    const sp = [[[spatialReads], stacked, `The channels of ${named(spatialReads)} shrink to ${used.length && stacked.length > 1 ? "two planes" : "one plane"}: at each position their ${paths.filter((p) => stacked.includes(p.plane)).map((p) => (p.pool === "avg" ? "mean" : "maximum")).join(", and their ")}.`],
      [stacked, [m.logits], `The same window at every position: values times weights, added; then batch norm.${kept(state.spatialMode)}`],
      [[m.logits], [m.gate], makes(state.spatialMode, MS, "position")]];
    const times = (gate, name, read, to, target) => [[read, gate], [target], `${to} = ${name} ⊗ ${named(read)}: each value times the gate of its ${gate === v.gate ? "channel" : "position"}.`];
    if (state.order === "channel-spatial") return [...ch, times(v.gate, MC, paint, F1, m.refined), ...sp, times(m.gate, MS, m.refined, F2, m.output)];
    if (state.order === "spatial-channel") return [...sp, times(m.gate, MS, paint, F1, m.refined), ...ch, times(v.gate, MC, m.refined, F2, m.output)];
    const off = [state.channelMode, state.spatialMode].filter((mode) => mode === "off").length;
    return [...ch.slice(0, 4), ...sp.slice(0, 2), [[v.logits, m.logits], [m.whole], ["Both logits are added, for each channel and position; one sigmoid makes M.", "One part is off: the sigmoid of the other’s logits makes M.", "Both parts are off: M is 1 everywhere."][off]], [[paint, m.whole], [m.output], `${F2} = M ⊗ ${F}.`]];
  }
  function go(to) {
    const steps = operations();
    const forward = to !== null && to === (step ?? -1) + 1;
    step = to === null || to < 0 || to >= steps.length ? null : to;
    update();
    if (document.activeElement === document.body) next.focus({ preventScroll: true }); // what had the focus is hidden
    const made = steps[step]?.[1];
    if (made) say(""); // it would tell the result
    const show = made ? (made.length > 1 ? made[0].root.parentElement : made[0].svg) : to >= steps.length ? m.output.svg : next;
    show.scrollIntoView({ block: made || to >= steps.length ? "center" : "nearest", behavior: still() ? "auto" : "smooth" });
    if (forward && step !== null && !still()) steps[step][0].forEach((tensor, i) => fly(tensor.svg, (made[i] ?? made[0]).svg));
  }
  function fly(source, target) {
    const [a, b, origin] = [source.getBoundingClientRect(), target.getBoundingClientRect(), root.getBoundingClientRect()];
    const ghost = el("div", { class: "pg-ghost", "aria-hidden": "true", style: `left:${a.left - origin.left}px;top:${a.top - origin.top}px;width:${a.width}px;height:${a.height}px` }, source.cloneNode(true));
    ["tabindex", "role"].forEach((name) => ghost.firstChild.removeAttribute(name));
    root.append(ghost);
    const moved = `translate(${b.left - a.left}px, ${b.top - a.top}px) scale(${Math.min(1, b.width / a.width, b.height / a.height)})`;
    ghost.animate([{ transform: "none", opacity: 0.9 }, { transform: moved, opacity: 0.4 }], { duration: 900, easing: "ease-in-out" }).finished.finally(() => ghost.remove());
  }

  function load(given, name) {
    [state, from, edited, hover, step, past] = [given, name, false, null, null, result ? [...past.slice(-49), [state, from]] : []];
    update();
    say(summary());
  }
  function update() {
    result = compute(state);
    const [x, w, at, pick, name, reach] = [featureMap(state), weights(state), hover ?? state.at, state.pick, NAMES[state.pick], (state.kernel - 1) / 2];
    const most = Math.max(1e-9, ...x.flat());
    look.textContent = PRESETS[from]?.look ?? "The state that the link carries.";
    presets.forEach((b) => b.setAttribute("aria-pressed", !edited && b.dataset.preset === from));
    undo.disabled = past.length === 0;
    const titles = [[v.gate, MC, state.channelMode], [m.gate, MS, state.spatialMode]].map(([tensor, html, mode]) => [tensor, { live: `σ(logits) = ${html}`, off: `${html}: off`, frozen: `${html}: frozen` }[mode]]);
    titles.push([v.logits, state.channelMode === "frozen" ? "frozen logits" : "added: the logits"], [m.logits, state.spatialMode === "frozen" ? "frozen logits" : "logits"]);
    titles.push([m.refined, `${F1}, channel ${name}`], [m.output, `${F2}, channel ${name}`], [m.whole, `M, channel ${name}`]);
    for (const [tensor, html] of titles) tensor.heading.innerHTML = html;
    mapTitle.innerHTML = parallel() ? `<b>M of channel ${name}</b>, both gates in one.` : `<b>The spatial gate ${MS}</b>, ${state.spatialMode === "live" ? "for all channels" : state.spatialMode}.`;
    gateHead.innerHTML = parallel() ? "M here" : `${MC}${state.channelMode === "live" ? "" : ` ${state.channelMode}`}`;
    paint.draw(x[pick], { most, at, label: `F, channel ${name}` });
    live.draw(where(), { most: 1, at, label: plain(mapTitle.textContent) });
    const which = gates();
    rows.forEach((r, c) => {
      [[r.input, x[c]], [r.output, result.output[c]]].forEach(([tensor, values]) => tensor.draw(values, { most }));
      r.gate.draw([which[c]], { most: 1, label: `${parallel() ? "M at the chosen place" : "channel gate"}, ${NAMES[c]}` });
      r.pick.setAttribute("aria-pressed", c === pick);
    });
    const logits = Math.max(1e-9, ...[...result.channel.logits, ...result.channel.paths.flatMap((p) => p.out)].map(Math.abs));
    for (const p of paths) {
      const found = result.channel.paths.find((q) => q.pool === p.pool);
      p.line.hidden = !found;
      if (!found) continue;
      fill(p.line, [p.descriptor, p.hidden[found.hidden.length], p.out].map((tensor) => tensor.root));
      [[p.descriptor, found.descriptor, most], [p.hidden[found.hidden.length], found.hidden], [p.out, found.out, logits]].forEach(([tensor, values, top]) => tensor.draw(values, { most: top }));
    }
    v.logits.draw(result.channel.logits, { most: logits });
    v.gate.draw(result.channel.gate, { most: 1 });
    const planes = result.spatial.planes.map(({ pool, values }) => ({ ...paths.find((p) => p.pool === pool), values }));
    const sums = planes.map(({ plane, windows, values }, i) => {
      const seen = windowAt(values, at, { kernel: state.kernel, height: SIDE, width: SIDE });
      plane.draw(values, { most, at, reach });
      windows[state.kernel][0].draw(seen, { most });
      windows[state.kernel][1].heading.textContent = state.window === "area" ? `each 1/${state.kernel ** 2}` : `1 and −1/${state.kernel ** 2 - 1}`;
      windows[state.kernel][1].draw(w.conv[i], { most: 1 });
      return fixed(seen.reduce((all_, value, j) => all_ + value * w.conv[i][j], 0), 3);
    });
    fill(planeSlot, planes.map((p) => p.plane.root));
    fill(windowSlot, planes.flatMap((p) => p.windows[state.kernel].map((c) => c.root)));
    const [total, z] = [fixed(result.spatial.sums[at], 3), (w.gamma * result.spatial.sums[at]) / Math.sqrt(1 + 1e-5) + w.beta];
    const after = { live: "", off: ", but the gate is off", frozen: ", but the logits are frozen" }[state.spatialMode];
    const both = [result.spatial.logits[at], result.channel.logits[pick]];
    const made = parallel() ? `${state.channelMode === "live" && state.spatialMode === "live" ? ` With ${name}’s ${fixed(both[1], 3)} added: ${fixed(both[0] + both[1], 3)}.` : ""} M = ${fixed(result.whole[pick][at], 3)}` : ` σ(logit) ≈ ${fixed(sigmoid(z), 3)}`;
    sum.innerHTML = `<b>${place(at).replace("r", "R")}</b> (from 0): values times weights, added: ${sums.join(" + ")}${sums.length > 1 ? ` ≈ ${total}` : ""}. Batch norm: ${w.gamma}&nbsp;× ${total} ${w.beta < 0 ? "−" : "+"} ${Math.abs(w.beta)} ≈ <b>logit ${fixed(z, 3)}</b>.<span>${made}${after}.</span>`;
    const maps = [[m.logits, result.spatial.logits, undefined], [m.gate, result.spatial.gate, 1], [m.refined, result.refined?.[pick], most], [m.whole, result.whole?.[pick], 1], [m.output, result.output[pick], most]];
    for (const [tensor, values, top] of maps) if (values) tensor.draw(values, { most: top, at });

    // Where each tensor stands in this order, and how far the walk has come.
    const [channelEnds, spatialEnds, ...reads] = { "channel-spatial": [[m.refined], [m.gate, m.output], F, F1], "spatial-channel": [[m.output], [m.gate, m.refined], F1, F], parallel: [[], [m.whole, m.output], F, F] }[state.order];
    fill(joined, [v.logits, ...(parallel() ? [] : [v.gate])].map((tensor) => tensor.root));
    fill(channelEnd, channelEnds.map((tensor) => tensor.root));
    fill(spatialEnd, [m.logits, ...spatialEnds].map((tensor) => tensor.root));
    fill(stages, state.order === "spatial-channel" ? [spatial, channel] : [channel, spatial]);
    [input.textContent, spatialInput.textContent] = reads;
    const steps = operations();
    steps.forEach(([, made], i) => made.forEach((tensor) => {
      const later = step !== null && i > step;
      tensor.root.classList.toggle("pg-later", later);
      tensor.root.classList.toggle("pg-now", i === step);
      mirrors.get(tensor)?.forEach((svg) => svg.classList.toggle("pg-unmade", later));
      if (tensor === m.logits) [sum.hidden, windowSlot.hidden] = [later, later];
      if (tensor === m.gate || tensor === m.whole) sum.lastChild.hidden = later;
    }));
    sentence.innerHTML = step === null ? "" : `<b>Step ${step + 1} of ${steps.length}.</b> ${steps[step][2]}`;
    walk.classList.toggle("pg-walking", step !== null && inBook);
    next.textContent = step === null ? "Step through, one operation at a time" : step === steps.length - 1 ? "Finish" : "Next step";
    [back.hidden, all.hidden, back.disabled] = [step === null, step === null, step === 0];
    sync.forEach((f) => f());
  }

  // A link in this page or to it: #try-NAME is a preset, #play&... a whole state.
  function follow() {
    const [head, ...rest] = location.hash.slice(1).split("&");
    const name = head.startsWith("try-") ? head.slice(4) : "";
    if (head !== "play" && !(name in PRESETS)) return;
    try {
      load(name ? preset(name) : fromLink(rest.join("&")), name);
    } catch (error) {
      say(`This link cannot be read: ${error.message}.`);
    }
    root.closest("details")?.setAttribute("open", "");
    const show = () => setTimeout(() => root.scrollIntoView()); // after the page has scrolled by itself
    document.readyState === "complete" ? show() : addEventListener("load", show);
  }
  load(state, from);
  follow();
  addEventListener("hashchange", follow);
}
