// Check the playground: node tools/check_playground.mjs [_build/html] [--screenshots=FOLDER]. It needs the Python of PYTHON (.venv).
//
// 1. Arithmetic: cbam.mjs against convattn on random maps, with every combination of the options, in float64 and float32.
// 2. Numbers: each preset and a tour of options on the built page; every number in sight against convattn, which runs the
//    lines that "Copy as Python" gives.
// 3. Hands: keyboard alone, pointer, links, steps with and without motion, targets on a phone, axe in each state of the tour.
// 4. Places: every page that embeds it, and the output of the cell alone, opened from a file.
// Before that each comparison is shown a wrong number, which it must report.

import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { builtBook, launch, pages as allPages, serve } from "./site.mjs";
import { cbam } from "../src/convattn/lab/show/playground/cbam.mjs";

const TOOLS = fileURLToPath(new URL(".", import.meta.url));
const PYTHON = process.env.PYTHON ?? join(TOOLS, "../.venv/bin/python");
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
const PAGE = "book/playground.html";
const LIMIT = 1e-5;
const PRESETS = ["start", "peak", "area", "shuffle", "place", "window", "order", "shut"];
const TOUR = [ // preset, then what is chosen
  ["peak", { channelPools: "avg max" }],
  ["area", { channelPools: "avg" }],
  ["place", { spatialPools: "max", kernel: "7" }],
  ["window", { kernel: "3", window: "centre" }],
  ["order", { order: "spatial-channel" }],
  ["start", { order: "parallel", reduction: "2" }],
  ["start", { channelMode: "frozen", mlp: "quiet", reduction: "4" }],
  ["start", { spatialMode: "frozen", channelMode: "off", kernel: "5" }],
  ["order", { order: "parallel", channelMode: "frozen", spatialMode: "off" }],
  ["shut", { order: "parallel", channelMode: "off", spatialMode: "off" }],
];

// What the page says of a preset, as [preset, what is chosen, tensor, cell, the number], cells from 0.
const at = (row, column) => 12 * row + column;
const SAID = [
  ["start", {}, "M_c", 3, "0.03"], ["start", {}, "M_s", at(4, 4), "0.95"], ["start", {}, "M_s", at(3, 4), "0.75"], ["start", {}, "M_s", at(3, 6), "0.49"], ["start", {}, "M_s", at(3, 3), "0.53"], ["start", {}, "M_s", at(8, 8), "0.23"],
  ["peak", {}, "M_c", 0, "0.54"], ["peak", {}, "M_c", 1, "0.52"],
  ["area", {}, "M_c", 0, "0.82"], ["area", {}, "M_c", 1, "0.82"], ["area", { channelPools: "avg max" }, "M_c", 0, "0.95"], ["area", { channelPools: "avg max" }, "M_c", 1, "0.76"],
  ...[at(6, 6), at(2, 2), at(2, 9), at(9, 2), at(9, 9)].map((p) => ["place", { spatialPools: "max" }, "M_s", p, "0.74"]), ["place", {}, "M_s", at(6, 6), "0.74"],
  ["shut", {}, "M_c", 0, "0.00"],
];

const problems = [];
const tell = (where, what) => problems.push(`${where}: ${what}`);
const expect = (ok, where, what) => { if (!ok) tell(where, what); };

function python(...args) {
  const { status, stdout, stderr } = spawnSync(PYTHON, args.slice(0, -1), { input: args.at(-1), maxBuffer: 2 ** 30, encoding: "utf8" });
  if (status !== 0) throw new Error(`${PYTHON} failed: ${stderr.split("\n").slice(-6).join("\n")}`);
  return stdout;
}
const oracle = (cases, dtype = "float32") => JSON.parse(python(join(TOOLS, "playground_oracle.py"), JSON.stringify({ cases, dtype })));

// 1. Arithmetic

function random(seed) {
  let x = seed;
  return () => { x = (x * 48271) % 2147483647; return x / 2147483647; };
}

function randomCases() {
  const [u, cases] = [random(1), []];
  const list = (n, make) => Array.from({ length: n }, make);
  const either = [["avg"], ["max"], ["avg", "max"]];
  for (const order of ["channel-spatial", "spatial-channel", "parallel"]) for (const channelPools of either) for (const spatialPools of either) {
    for (const kernel of [1, 3, 5, 7]) for (const one of ["live", "off", "frozen"]) for (const two of ["live", "off", "frozen"]) {
      const [c, height, width] = [4 + Math.floor(u() * 5), 5 + Math.floor(u() * 8), 5 + Math.floor(u() * 8)];
      const hidden = 1 + Math.floor(u() * c);
      const numbers = (n, size = 1) => list(n, () => size * (2 * u() - 1));
      cases.push({
        x: list(c, () => list(height * width, () => 3 * u())),
        weights: { w0: list(hidden, () => numbers(c, 0.5)), b0: numbers(hidden), w1: list(c, () => numbers(hidden, 0.5)), b1: numbers(c), conv: spatialPools.map(() => numbers(kernel ** 2, 0.25)), gamma: 1 + u(), beta: u() - 2 },
        options: { order, channelPools, spatialPools, kernel, height, width, channel: { mode: one, frozen: numbers(c, 4) }, spatial: { mode: two, frozen: numbers(height * width, 4) } },
      });
    }
  }
  return cases;
}

function named({ channel, spatial, refined, whole, output }) {
  return {
    descriptors: channel.paths.map((p) => p.descriptor), hidden: channel.paths.map((p) => p.hidden), mlp: channel.paths.map((p) => p.out),
    "channel logits": channel.logits, "channel gate": channel.gate, planes: spatial.planes.map((p) => p.values), sums: spatial.sums,
    "spatial logits": spatial.logits, "spatial gate": spatial.gate, ...(refined ? { refined } : { whole }), output,
  };
}

function largest(ours, theirs) {
  let most = 0;
  for (const [name, values] of Object.entries(ours)) {
    const [a, b] = [values.flat(), theirs[name].flat()];
    if (a.length !== b.length) return Infinity;
    a.forEach((v, i) => { most = Math.max(most, Number.isFinite(v) ? Math.abs(v - b[i]) : Infinity); });
  }
  return most;
}

function checkArithmetic() {
  const cases = randomCases();
  const ours = cases.map(({ x, weights, options }) => named(cbam(x, weights, options)));
  const found = {};
  for (const dtype of ["float64", "float32"]) {
    const theirs = oracle(cases, dtype);
    const differences = ours.map((o, i) => largest(o, theirs[i]));
    found[dtype] = Math.max(...differences);
    differences.forEach((d, i) => expect(d < LIMIT, `arithmetic, ${dtype}`, `${d} with ${JSON.stringify({ ...cases[i].options, channel: cases[i].options.channel.mode, spatial: cases[i].options.spatial.mode })}`));
  }
  // a wrong variant, the two planes exchanged, must be noticed
  const both = cases.filter((c) => c.options.spatialPools.length === 2 && c.options.kernel > 1);
  const wrong = both.map(({ x, weights, options }) => named(cbam(x, { ...weights, conv: weights.conv.toReversed() }, options)));
  const right = oracle(both, "float64");
  const missed = wrong.filter((o, i) => largest(o, right[i]) < LIMIT).length;
  expect(missed === 0, "self-test", `${missed} of ${both.length} kernels with exchanged planes were not noticed`);
  return { cases: cases.length, ...found };
}

// 2. Numbers: read from the cells in sight, by the names that they carry.

function readPage() {
  const root = document.querySelector(".pg-ui");
  const number = (text) => Number(text.replace("−", "-"));
  const cells = [...root.querySelectorAll("svg.pg-cells")].filter((svg) => svg.checkVisibility() && svg.querySelector("text:not(.pg-head)"))
    .map((svg) => ({ name: svg.dataset.name, values: [...svg.querySelectorAll("text:not(.pg-head)")].map((t) => number(t.textContent)) }));
  const chosen = Object.fromEntries([...root.querySelectorAll("select")].map((select) => [select.name, select.value]));
  const pick = [...root.querySelectorAll(".pg-pick")].findIndex((b) => b.getAttribute("aria-pressed") === "true");
  return { cells, chosen, pick, sum: root.querySelector(".pg-sum").textContent, code: root.querySelector("textarea").value };
}

// What a name on the page stands for, and how far rounding may take it.
function meant({ pick, chosen }, theirs) {
  const pools = (name) => chosen[name].split(" ");
  const live = theirs.whole?.[pick] ?? theirs["spatial gate"]; // beside the map
  const places = { F: theirs.x[pick], "F′": theirs.refined?.[pick], "F″": theirs.output[pick], M: theirs.whole?.[pick], "": live };
  pools("channelPools").forEach((pool, i) => {
    const name = pool === "avg" ? "Avg" : "Max";
    places[`${name} of each channel`] = theirs.descriptors[i];
    places[`MLP(${name})`] = theirs.mlp[i];
  });
  pools("spatialPools").forEach((pool, i) => { places[`${pool === "avg" ? "Avg" : "Max"} over the channels`] = theirs.planes[i]; });
  return { ...places, "added: the logits": theirs["channel logits"], M_c: theirs["channel gate"], logits: theirs["spatial logits"], M_s: theirs["spatial gate"] };
}

function compare(where, seen, theirs, report = tell) {
  const names = meant(seen, theirs);
  let [compared, hidden, single] = [0, 0, 0];
  const place = at(...seen.sum.match(/\d+/g).map(Number));
  for (const { name, values } of seen.cells) {
    const isHidden = /^hidden/.test(name);
    const expected = isHidden ? theirs.hidden[hidden] : name === "gate" ? [theirs.whole ? theirs.whole[single][place] : theirs["channel gate"][single]] : names[name];
    if (isHidden) hidden += 1;
    if (name === "gate") single += 1; // beside the levels: one gate each
    if (/^(values|weights)/.test(name)) continue; // what they say is in the sum, which is read below
    if (!expected || expected.length !== values.length) { report(where, `${name || "the gate beside the map"} shows ${values.length} numbers, Python has ${expected?.length}`); continue; }
    values.forEach((v, i) => {
      const slack = (name === "logits" || Math.abs(expected[i]) >= 9.995 ? 0.05 : 0.005) + 2e-5;
      if (!(Math.abs(v - expected[i]) <= slack)) report(where, `${name || "the gate beside the map"}, cell ${i}: ${v} on the page, ${expected[i]} in Python`);
      compared += 1;
    });
  }
  const read = /^Row (\d+), column (\d+) .*Batch norm: ([\d.]+)\s× (−?[\d.]+) ([+−]) ([\d.]+) ≈ logit (−?[\d.]+)\. .*?(?:M =|σ\(logit\) ≈) (\d\.\d+)/.exec(seen.sum)?.slice(1) ?? [];
  const [row, column, gamma, sum, sign, beta, logit, gate] = read.map((text) => (text === "+" ? 1 : text === "−" ? -1 : Number(text.replace("−", "-"))));
  const found = theirs.sums[12 * row + column];
  const z = (gamma * found) / Math.sqrt(1 + 1e-5) + sign * beta;
  [[sum, found], [logit, z], [gate, theirs.whole?.[seen.pick][12 * row + column] ?? 1 / (1 + Math.exp(-z))]].forEach(([v, expected]) => { if (!(Math.abs(v - expected) <= 0.00052)) report(where, `the sum says ${v}, Python ${expected}: ${seen.sum}`); });
  if (theirs.y.flat().some((v, i) => Math.abs(v - theirs.output.flat()[i]) > LIMIT)) report(where, "the copied lines give another output");
  return compared;
}

// The modes and frozen numbers of the state, from the lines that were copied.
function optionsOf({ chosen, code }) {
  const frozen = (part) => JSON.parse((new RegExp(`${part}(?:_logits)? = torch\\.tensor\\((\\[[^=]*\\])\\)`).exec(code)?.[1] ?? "[]").replace(/,\s*\]/g, "]")).flat();
  return { channel: { mode: chosen.channelMode, frozen: frozen("channel") }, spatial: { mode: chosen.spatialMode, frozen: frozen("spatial") } };
}

const ui = (tab) => tab.locator(".pg-ui");
async function state(tab) {
  await ui(tab).getByRole("button", { name: "Copy as Python" }).click();
  return tab.evaluate(readPage);
}
const choose = async (tab, chosen) => { for (const [name, value] of Object.entries(chosen)) await ui(tab).locator(`select[name=${name}]`).selectOption(value); };
const take = (tab, preset) => ui(tab).locator(`[data-preset=${preset}]`).click();
const states = [...PRESETS.map((preset) => [preset, {}]), ...TOUR];
const title = ([preset, chosen]) => [preset, ...Object.values(chosen)].join(", ");

async function open(browser, address, { width = 1280, theme = "light", motion = "reduce" } = {}) {
  const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme: theme, reducedMotion: motion, hasTouch: width < 600 });
  await context.addInitScript((mode) => { try { localStorage.mode = mode; localStorage.theme = mode; } catch { /* file: */ } }, theme);
  const tab = await context.newPage();
  tab.on("pageerror", (error) => tell(address, error.message));
  tab.on("request", (request) => { if (!/^(http:\/\/127\.0\.0\.1|file:|data:)/.test(request.url())) tell(address, `asks for ${request.url()}`); });
  await tab.goto(address, { waitUntil: "load" });
  return tab;
}

async function checkNumbers(browser, address) {
  const tab = await open(browser, address);
  const seen = [];
  for (const [preset, chosen] of states) {
    await take(tab, preset);
    await choose(tab, chosen);
    seen.push(await state(tab));
  }
  for (const [preset, chosen, name, index, value] of SAID) {
    await take(tab, preset);
    await choose(tab, chosen);
    const shown = (await tab.evaluate(readPage)).cells.find((c) => c.name === name).values[index];
    const text = await tab.locator(`#try-${preset}`).textContent();
    expect(shown === Number(value) && text.includes(value), `${preset}, said`, `${name} ${index} must be ${value}: it is ${shown}, and the page says: ${text}`);
  }
  const found = {}; // how many places with a gate above one half, in the square and beside it
  for (const kernel of ["7", "3"]) {
    await take(tab, "window");
    await choose(tab, { kernel });
    found[kernel] = (await tab.evaluate(readPage)).cells.find((c) => c.name === "M_s").values
      .reduce((n, v, p) => { n[v > 0.5 && [Math.floor(p / 12), p % 12].every((i) => i >= 2 && i < 8) ? 0 : 1] += v > 0.5; return n; }, [0, 0]);
  }
  const said = await tab.locator("#try-window").textContent();
  expect(said.includes(`${found[7][0]} of its 36`) && said.includes(`${found[7][1]} elsewhere`) && said.includes(`${found[3][0]} and ${found[3][1]}`), "window, said", `${JSON.stringify(found)}: ${said}`);
  await take(tab, "shuffle"); // shuffled, painted and levelled
  const gate = async () => (await tab.evaluate(readPage)).cells.find((c) => c.name === "M_c").values.join();
  const before = await gate();
  await ui(tab).getByRole("button", { name: "Shuffle places" }).click();
  expect((await gate()) === before, "a shuffle", "changed the channel gate");
  await ui(tab).getByRole("slider", { name: "level of C" }).fill("3");
  seen.push(await state(tab));
  await tab.context().close();
  const theirs = oracle(seen.map((s) => ({ python: s.code, options: optionsOf(s) })));
  const compared = seen.map((s, i) => compare(states[i] ? title(states[i]) : "shuffled", s, theirs[i]));
  // one number changed must be one report
  const wrong = structuredClone(seen[0]);
  wrong.cells.find((c) => c.name === "M_s").values[65] += 0.02;
  let reports = 0;
  compare("", wrong, theirs[0], () => { reports += 1; });
  expect(reports === 1, "self-test", `a wrong number on the page gave ${reports} reports`);
  return { states: seen.length, numbers: compared.reduce((a, b) => a + b, 0) };
}

// 3. Hands

async function axe(tab, where) {
  if (!(await tab.evaluate(() => "axe" in window))) await tab.evaluate(AXE);
  const { violations } = await tab.evaluate((tags) => window.axe.run(document, { runOnly: tags, resultTypes: ["violations"] }), TAGS);
  for (const v of violations) tell(where, `axe: ${v.id}: ${v.nodes[0].html.slice(0, 160)}`);
}

// What is on a phone: large enough to hit, and all of it inside.
function touch() {
  const root = document.querySelector(".pg-ui");
  const found = [];
  for (const e of root.querySelectorAll("button, select, input, [tabindex]")) {
    if (!e.checkVisibility()) continue;
    const box = (e.type === "radio" ? e.closest("label") : e).getBoundingClientRect();
    if (box.width < 44 || box.height < 44) found.push(`${Math.round(box.width)} × ${Math.round(box.height)} px to hit: ${e.outerHTML.slice(0, 80)}`);
    if (box.left < 0 || box.right > innerWidth) found.push(`outside of the screen: ${e.outerHTML.slice(0, 80)}`);
  }
  for (const t of root.querySelectorAll("svg text")) {
    if (!t.checkVisibility()) continue;
    const m = t.getScreenCTM();
    const size = parseFloat(getComputedStyle(t).fontSize) * Math.hypot(m.a, m.b);
    if (size < 8.95) { found.push(`text of ${size.toFixed(1)} px: ${t.textContent}`); break; }
  }
  if (document.scrollingElement.scrollWidth > innerWidth) found.push("the page scrolls sideways");
  return found;
}

async function checkStates(browser, address, screenshots) {
  let runs = 0;
  for (const [theme, width] of [["light", 1280], ["dark", 1280], ["light", 390], ["dark", 390]]) {
    const tab = await open(browser, address, { theme, width });
    const look = async (name) => {
      await axe(tab, `${name}, ${theme}, ${width}`);
      if (width < 600) (await tab.evaluate(touch)).forEach((what) => tell(`${name}, ${width}`, what));
      if (screenshots) await ui(tab).screenshot({ path: join(screenshots, `playground ${name} ${theme} ${width}.png`.replaceAll("/", "-")) });
      runs += 1;
    };
    for (const one of states) {
      await take(tab, one[0]);
      await choose(tab, one[1]);
      await look(title(one));
    }
    await ui(tab).getByRole("button", { name: /^Step through/ }).click();
    await ui(tab).getByRole("button", { name: "Next step" }).click();
    await look("step 2");
    await ui(tab).getByRole("button", { name: "Copy as Python" }).click();
    await look("copied");
    await tab.context().close();
  }
  return runs;
}

async function checkKeyboard(browser, address) {
  const tab = await open(browser, address);
  const focused = () => tab.evaluate(() => { const e = document.activeElement; return `${e.textContent.trim().slice(0, 30)}|${e.getAttribute("aria-label") ?? ""}|${e.getAttribute("role") ?? e.localName}|${e.name ?? ""}`; });
  const status = () => ui(tab).locator(".pg-status").textContent();
  const tabTo = async (pattern) => {
    for (let i = 0; i < 80; i += 1) {
      if (pattern.test(await focused())) return true;
      await tab.keyboard.press("Tab");
    }
    tell("keyboard", `Tab does not reach ${pattern}`);
    return false;
  };
  await ui(tab).locator("button").first().focus();
  await tabTo(/^A peak\|/);
  await tab.keyboard.press("Enter");
  expect(/bright pixel/.test(await ui(tab).locator(".pg-look").textContent()), "keyboard", "Enter does not take the preset");
  await tabTo(/application/);
  const cell = (i) => ui(tab).locator('svg[role="application"] text').nth(i).textContent();
  await tab.keyboard.press("ArrowDown");
  await tab.keyboard.press("ArrowRight");
  await tab.keyboard.press(" ");
  expect((await cell(4 * 12 + 6)) === "4", "keyboard", `arrows and space give ${await cell(4 * 12 + 6)} at row 4, column 6`);
  expect(/Channel A, row 4, column 6: F 4\.00/.test(await status()), "keyboard", `the status says ${await status()}`);
  await tabTo(/\|radio|input\|.*brush/);
  await tab.keyboard.press("ArrowRight");
  await tab.keyboard.press("Shift+Tab");
  await tab.keyboard.press("Enter");
  expect((await cell(3 * 12 + 7)) === "4" && (await cell(5 * 12 + 5)) === "4", "keyboard", "the patch is not painted");
  await tabTo(/Paint on channel B/);
  await tab.keyboard.press("Enter");
  expect(/Painting on channel B/.test(await status()), "keyboard", "the channel is not announced");
  await tab.keyboard.press("Tab");
  const level = await status();
  await tab.keyboard.press("End");
  expect((await status()) !== level && /Channel gate: A 0/.test(await status()), "keyboard", "a level changes no gate");
  await tabTo(/select\|order$/);
  await tab.keyboard.press("ArrowDown");
  expect((await tab.evaluate(readPage)).chosen.order === "spatial-channel", "keyboard", "the order does not change");
  expect((await ui(tab).locator(".pg-section").first().getAttribute("aria-label")) === "Spatial gate", "order", "the sections stay as they were");
  await tabTo(/^Step through/);
  for (let i = 0; i < 10; i += 1) await tab.keyboard.press("Enter");
  expect(/^Step 10 of 10\./.test(await ui(tab).locator(".pg-step").textContent()), "keyboard", "ten steps do not end at the tenth");
  await tab.keyboard.press("Enter");
  expect((await ui(tab).locator(".pg-step").textContent()) === "", "keyboard", "the walk does not finish");
  await tab.context().close();
}

async function checkPointerAndMotion(browser, address) {
  for (const motion of ["no-preference", "reduce"]) {
    const tab = await open(browser, address, { motion });
    await take(tab, "shut");
    await ui(tab).getByRole("button", { name: "Clear channel" }).click();
    const surface = ui(tab).locator('svg[role="application"]');
    await surface.scrollIntoViewIfNeeded();
    const box = await surface.boundingBox();
    const at = (row, column) => [box.x + ((column + 0.5) * box.width) / 12, box.y + ((row + 0.5) * box.height) / 12];
    await tab.mouse.move(...at(2, 1));
    await tab.mouse.down();
    await tab.mouse.move(...at(2, 4), { steps: 6 });
    await tab.mouse.up();
    const row = (await tab.evaluate(readPage)).cells.find((c) => c.name === "F").values.slice(24, 36);
    expect(row.join() === "0,4,4,4,4,0,0,0,0,0,0,0", "pointer", `a stroke gives ${row}`);
    await ui(tab).getByRole("button", { name: "Undo" }).click();
    expect((await tab.evaluate(readPage)).cells.find((c) => c.name === "F").values.every((v) => v === 0), "undo", "a stroke is not one step");
    await tab.mouse.click(...at(2, 4));
    await tab.mouse.move(...at(9, 9));
    expect(/^Row 9, column 9 /.test((await tab.evaluate(readPage)).sum), "pointer", "the sum does not follow the pointer");
    await tab.mouse.move(2, 2);
    expect(/^Row 2, column 4 /.test((await tab.evaluate(readPage)).sum), "pointer", "the sum does not return to the place that was chosen");
    await ui(tab).getByRole("button", { name: /^Step through/ }).click();
    const flying = await ui(tab).locator(".pg-ghost").count();
    expect((flying > 0) === (motion !== "reduce"), "motion", `${flying} tensors fly with prefers-reduced-motion: ${motion}`);
    expect((await ui(tab).locator(".pg-later").count()) > 0, "steps", "nothing waits after the first step");
    const shown = await ui(tab).locator(".pg-now:visible").count();
    expect(shown === 2, "steps", `${shown} tensors are made by the first step`);
    expect(!(await ui(tab).locator(".pg-rows .pg-gate").first().isVisible()), "steps", "the gate is in sight before its step");
    await ui(tab).getByRole("button", { name: "Show all" }).click();
    expect(await ui(tab).getByRole("button", { name: /^Step through/ }).evaluate((e) => e === document.activeElement), "steps", "the focus is lost");
    await tab.context().close();
  }
}

async function checkLinks(browser, address) {
  const tab = await open(browser, address);
  await take(tab, "window");
  await choose(tab, { spatialMode: "frozen", order: "parallel", kernel: "5" });
  await ui(tab).getByRole("slider", { name: "level of D" }).fill("2.5");
  await ui(tab).locator(".pg-pick").nth(2).click();
  const before = await state(tab);
  await ui(tab).getByRole("button", { name: "Copy link" }).click();
  const link = await ui(tab).locator("textarea").inputValue();
  await tab.context().close();
  const other = await open(browser, link);
  expect(JSON.stringify(await state(other)) === JSON.stringify(before), "link", "it does not carry the whole state");
  for (const [change, told] of [[["kernel=5", "kernel=4"], "kernel must be one of 3, 5, 7, got 4"], [["beta=-9.5", "beta=90"], "beta must be from -14 to 4 in steps of 0.5, got 90"], [["brush=spike&", ""], "brush must be one of spike, patch, texture, clear, got null"], [["map=", "map=~"], "map must be 576 letters, got"]]) {
    await other.goto("about:blank");
    await other.goto(link.replace(...change));
    const said = await ui(other).locator(".pg-status").textContent();
    expect(said.includes(`This link cannot be read: ${told}`), "link", `${change}: ${said}`);
  }
  for (const preset of PRESETS) {
    await other.goto("about:blank");
    await other.goto(`${address}#try-${preset}`);
    const title_ = await ui(other).locator(`[data-preset=${preset}]`).textContent();
    await other.waitForFunction(() => Math.abs(document.querySelector(".pg-ui").getBoundingClientRect().top) < 200, null, { timeout: 3000 }).catch(() => tell("link", `#try-${preset} does not show the playground`));
    expect((await other.getByRole("link", { name: title_, exact: true }).count()) === 1, "link", `the page has no entry for ${preset}`);
  }
  await other.context().close();
  return link.length - address.length;
}

// 4. Places

async function checkPlaces(browser, root, origin) {
  const embedding = allPages(root).filter((page) => page.startsWith("book/") && readFileSync(join(root, page), "utf8").includes('class="pg"'));
  for (const page of ["book/00-cbam-in-ten-minutes.html", "book/02-channel-attention.html", "book/03-spatial-attention.html", "book/04-ordering.html", PAGE]) expect(embedding.includes(page), page, "has no playground");
  const folder = mkdtempSync(join(tmpdir(), "playground-"));
  try {
    const alone = python("-", "from convattn.lab.show import Playground\nprint(Playground('peak', summary='Try it')._repr_html_())");
    expect(Buffer.byteLength(alone) < 60_000, "size", `${Buffer.byteLength(alone)} bytes, must be below 60,000`);
    writeFileSync(join(folder, "alone.html"), `<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Alone</title></head><body><main><h1>A plain notebook</h1>${alone}</main></body></html>`);
    const places = [...embedding.flatMap((page) => [`${origin}/${page}`, pathToFileURL(join(root, page)).href]), pathToFileURL(join(folder, "alone.html")).href];
    for (const place of places) {
      const tab = await open(browser, place);
      const button = tab.locator("summary.pg-open");
      if (await button.count()) {
        expect((await ui(tab).locator("svg").count()) === 0, place, "is drawn before it is asked for");
        await button.click();
      }
      await ui(tab).locator("svg").first().waitFor({ timeout: 5000 }).catch(() => tell(place, "draws nothing"));
      await take(tab, "start");
      expect((await tab.evaluate(readPage)).cells.find((c) => c.name === "M_c")?.values.join() === "0.92,0.49,1,0.03", place, "shows other gates");
      const link = await ui(tab).getByRole("button", { name: "Copy link" }).count();
      expect(link === (place.includes("alone") ? 0 : 1), place, "a link stands where there is a page of the book to lead to");
      await tab.context().close();
    }
    for (const [theme, width] of [["light", 1280], ["dark", 390]]) {
      const tab = await open(browser, pathToFileURL(join(folder, "alone.html")).href, { theme, width });
      await tab.locator("summary.pg-open").click();
      await axe(tab, `alone, ${theme}`);
      if (width < 600) (await tab.evaluate(touch)).forEach((what) => tell("alone", what));
      await tab.context().close();
    }
    return places.length;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function main(args) {
  const root = builtBook(args);
  const screenshots = args.find((a) => a.startsWith("--screenshots="))?.slice(14);
  if (screenshots) mkdirSync(screenshots, { recursive: true });
  const arithmetic = checkArithmetic();
  console.log(`Arithmetic: ${arithmetic.cases} cases, largest difference ${arithmetic.float64.toExponential(1)} from float64, ${arithmetic.float32.toExponential(1)} from float32`);
  const server = await serve(root);
  const origin = `http://127.0.0.1:${server.address().port}`;
  const browser = await launch();
  try {
    const address = `${origin}/${PAGE}`;
    const numbers = await checkNumbers(browser, address);
    console.log(`Numbers: ${numbers.numbers} in ${numbers.states} states`);
    await checkKeyboard(browser, address);
    await checkPointerAndMotion(browser, address);
    const length = await checkLinks(browser, address);
    console.log(`Hands: keyboard, pointer, motion, links of ${length} characters`);
    console.log(`Places: ${await checkPlaces(browser, root, origin)}`);
    console.log(`Accessibility: ${process.env.QUICK ? 0 : await checkStates(browser, address, screenshots)} states`);
  } finally {
    await browser.close();
    server.close();
  }
  problems.forEach((problem) => console.log(problem));
  console.log(problems.length ? `${problems.length} problems of the playground` : "The playground computes what convattn does, and works by keyboard, pointer and link");
  return problems.length;
}

main(process.argv.slice(2)).then((bad) => process.exit(bad ? 1 : 0), (error) => { console.error(error.stack); process.exit(1); });
