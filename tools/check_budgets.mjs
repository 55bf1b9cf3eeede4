// Measure the built pages against their budgets: node tools/check_budgets.mjs [_build/html] [--runs=N] [--pages=a,b] [--self-test]
//
// Each page is opened from a server on this machine that compresses as a host would. One line a page tells what its first
// load transfers, its words and lines of code in sight (folds closed, without exercises), its height, how far it shifts
// while it loads, and Lighthouse's scores. Performance is told and not judged: the median of 5 runs on the front page and
// the ten-minute page, of one elsewhere, unless --runs says how many.
// exemptions.json lists what pages may exceed until they are rebuilt; an exemption that is not needed is an error.
// --self-test feeds bad pages, one excess each, and pages whose counts are known.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { randomBytes } from "node:crypto";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import lighthouse from "lighthouse";
import { builtBook, exempted, exemptions, launch, pages as allPages, redirect, serve } from "./site.mjs";

const KINDS = [["front", /^book\/index\.html$/], ["course", /^book\/\d\d-/], ["laboratory", /^book\/lab\//], ["source", /^_modules\//], ["other", /./]];
const LIMITS = { // what a page may have at most: kB compressed, words, lines, pixels
  front: { load: 300 },
  course: { load: 500, words: 1700, lines: 60, height: 10_000 },
  laboratory: { load: 900 },
  source: { load: 300 },
  other: { load: 500 },
};
const OF_ONE_PAGE = { "book/00-cbam-in-ten-minutes.html": { words: 1200 } };
const SHIFT = 0.05;
const SCORES = ["accessibility", "best-practices", "seo"]; // must be 1
const OFTEN = ["book/index.html", "book/00-cbam-in-ten-minutes.html"];
const RULES = ["load", "words", "lines", "height", "shift", ...SCORES];

const kindOf = (page) => KINDS.find(([, pattern]) => pattern.test(page))[0];
const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

// Runs in the page: what is in sight as it opens.
function count() {
  const OUT = ".exercise, .solution, .toggle, .toggle-hidden, script, style, svg, math, .headerlink, .frames";
  const article = document.querySelector("article") ?? document.body;
  const folded = (e) => { const fold = e.closest("details:not([open])"); return fold && !(e.closest("summary")?.parentElement === fold && !fold.parentElement.closest("details:not([open])")); };
  const walker = document.createTreeWalker(article, NodeFilter.SHOW_TEXT);
  let words = 0;
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const e = node.parentElement;
    if (!e.closest(`${OUT}, pre`) && !folded(e)) words += node.data.split(/\s+/).filter((word) => /[\p{L}\p{N}]/u.test(word)).length;
  }
  const code = [...article.querySelectorAll("div.highlight pre")].filter((e) => !e.closest(`${OUT}, .cell_output`) && !folded(e));
  const lines = code.flatMap((e) => e.textContent.split("\n")).filter((line) => line.trim()).length;
  return { words, lines, height: document.scrollingElement.scrollHeight };
}

const WATCH_SHIFTS = () => {
  window.shifted = 0;
  new PerformanceObserver((list) => list.getEntries().forEach((entry) => { window.shifted += entry.value; })).observe({ type: "layout-shift", buffered: true });
};

async function look(browser, address, width) {
  const context = await browser.newContext({ viewport: { width, height: 800 } });
  try {
    await context.addInitScript(WATCH_SHIFTS);
    const tab = await context.newPage();
    const wire = await context.newCDPSession(tab);
    let bytes = 0;
    wire.on("Network.loadingFinished", (event) => { bytes += event.encodedDataLength; });
    await wire.send("Network.enable");
    await tab.goto(address, { waitUntil: "networkidle" });
    await tab.waitForTimeout(700);
    return { ...(await tab.evaluate(count)), load: Math.round(bytes / 1000), shift: await tab.evaluate(() => window.shifted) };
  } finally {
    await context.close();
  }
}

async function scores(address, port, runs) {
  const run = async (onlyCategories) => (await lighthouse(address, { port, logLevel: "error", onlyCategories })).lhr;
  const first = await run(["performance", ...SCORES]);
  const speeds = [first.categories.performance.score];
  while (speeds.length < runs) speeds.push((await run(["performance"])).categories.performance.score);
  const failed = (id) => first.categories[id].auditRefs.filter((a) => a.weight && (first.audits[a.id].score ?? 1) < 1)
    .map((a) => `${a.id} ${(first.audits[a.id].details?.items ?? []).slice(0, 2).map((i) => i.node?.snippet ?? i.description ?? "").join(" ")}`.slice(0, 300));
  return {
    ...Object.fromEntries(SCORES.map((id) => [id, first.categories[id].score])),
    failed: Object.fromEntries(SCORES.map((id) => [id, failed(id)])),
    performance: median(speeds), runs,
  };
}

async function measure(root, chosen, runs) {
  const server = await serve(root, { compressed: true });
  const port = await new Promise((done) => { const s = createServer().listen(0, () => { const { port: p } = s.address(); s.close(() => done(p)); }); });
  const browser = await launch(`--remote-debugging-port=${port}`);
  const rows = [];
  try {
    for (const page of chosen) {
      const address = `http://127.0.0.1:${server.address().port}/${page}`;
      const kind = kindOf(page);
      const found = { page, kind, ...(await look(browser, address, 1280)) };
      rows.push(found);
      if (kind === "source") continue; // one listing as the others: its weight and its shifts are enough, and told together
      found.shift = Math.max(found.shift, (await look(browser, address, 390)).shift);
      Object.assign(found, await scores(address, port, runs ?? (OFTEN.includes(page) ? 5 : 1)));
      console.log(line(found));
    }
    const sources = rows.filter((row) => row.kind === "source");
    const largest = (name) => Math.max(...sources.map((row) => row[name]));
    if (sources.length) console.log(line({ page: `_modules: the most of ${sources.length} pages`, kind: "source", ...Object.fromEntries(["load", "words", "lines", "height", "shift"].map((name) => [name, largest(name)])) }));
  } finally {
    await browser.close();
    server.close();
  }
  return rows;
}

const HEADS = ["page", "kind", "kB", "words", "lines", "height", "shift", "access.", "best pr.", "SEO", "perform. (runs)"];
const WIDTHS = [38, 10, 6, 6, 6, 7, 6, 8, 9, 5, 15];
const pad = (cells) => cells.map((cell, i) => (i < 2 ? String(cell).padEnd(WIDTHS[i]) : String(cell).padStart(WIDTHS[i]))).join(" ");
function line(r) {
  const marks = r.performance === undefined ? ["", "", "", ""] : [...SCORES.map((id) => r[id].toFixed(2)), `${r.performance.toFixed(2)} (${r.runs})`];
  return pad([r.page, r.kind, r.load, r.words, r.lines, r.height, r.shift.toFixed(3), ...marks]);
}

function faults(row) {
  const found = [];
  const limits = { ...LIMITS[row.kind], ...OF_ONE_PAGE[row.page] };
  for (const [rule, limit] of Object.entries(limits)) if (row[rule] > limit) found.push({ page: row.page, rule, detail: `${row[rule]}, at most ${limit}` });
  if (row.shift >= SHIFT) found.push({ page: row.page, rule: "shift", detail: `${row.shift.toFixed(3)}, must be below ${SHIFT}` });
  for (const id of SCORES) if (row[id] !== undefined && row[id] < 1) found.push({ page: row.page, rule: id, detail: `${row[id]}, must be 1: ${row.failed[id].join("; ")}` });
  return found;
}

const words = (n) => Array.from({ length: n }, (_, i) => (i % 12 ? "word" : "word.")).join(" ");
const LISTING = (n) => `<div class="highlight"><pre>${Array.from({ length: n }, (_, i) => `line_${i} = 1\n`).join("\n")}</pre></div>`;
const BAD = { // page: [head, body, the rules that must be reported]
  "book/index.html": ["", "<p>A front page.</p>", []],
  "book/10-load.html": [`<!-- ${randomBytes(600_000).toString("base64")} -->`, "<p>Heavy.</p>", ["load"]],
  "book/11-words.html": ["", `<p>${words(1750)}</p>`, ["words"]],
  "book/12-lines.html": ["", LISTING(61), ["lines"]],
  "book/13-height.html": ["", '<div style="height:10100px">tall</div>', ["height"]],
  "book/14-shift.html": ['<script>addEventListener("load", () => setTimeout(() => document.querySelector("h1").insertAdjacentHTML("beforebegin", \'<div style="height:300px">late</div>\'), 200))</script>', "<p>text</p><p>text</p><p>text</p>", ["shift"]],
  "book/15-access.html": ["", "<p><button></button></p>", ["accessibility"]],
  "book/16-practices.html": ["", '<script>console.error("told")</script><p>text</p>', ["best-practices"]],
  "book/17-seo.html": ['<meta name="robots" content="noindex">', "<p>text</p>", ["seo"]],
  "book/00-cbam-in-ten-minutes.html": ["", `<p>${words(1250)}</p>`, ["words"]],
  "_modules/a.html": [`<!-- ${randomBytes(300_000).toString("base64")} -->`, "<p>Heavy.</p>", ["load"]],
};
const COUNTED = `<p>One two, three <b>four</b>&nbsp;five &mdash; 6.</p><details><summary>seven</summary>no words here${LISTING(5)}</details>`
  + `<details open><summary>eight</summary>nine<details><summary>ten</summary>no</details></details><div class="exercise">no ${LISTING(3)}</div>`
  + `<math><mi>no</mi></math><svg role="img" aria-label="no"><text>no</text></svg><table><tr><td>eleven</td></tr></table>${LISTING(7)}<div class="cell_output">${LISTING(2)}</div>`;
const KNOWN = { words: 12, lines: 7 }; // with the heading

async function selfTest() {
  const folder = mkdtempSync(join(tmpdir(), "check-budgets-"));
  let bad = 0;
  const tell = (text) => { bad += 1; console.log(`self-test: ${text}`); };
  try {
    for (const [name, [head, body]] of Object.entries({ ...BAD, "counted.html": ["", COUNTED] })) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>A page</title><meta name="description" content="A page of the self-test.">'
        + `<meta name="viewport" content="width=device-width"><link rel="icon" href="/a.svg">${head}</head><body><main><article><h1>Heading</h1>${body}</article></main></body></html>`);
    }
    writeFileSync(join(folder, "a.svg"), '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9" fill="red"/></svg>');
    const rows = await measure(folder, [...Object.keys(BAD), "counted.html"], 1);
    const found = rows.flatMap(faults);
    for (const [page, [, , rules]] of Object.entries(BAD)) {
      const got = found.filter((f) => f.page === page).map((f) => f.rule).sort();
      if (got.join() !== rules.join()) tell(`${page} must give [${rules}], gave [${got}]`);
    }
    const { words: w, lines } = rows.find((r) => r.page === "counted.html");
    if (w !== KNOWN.words || lines !== KNOWN.lines) tell(`counted ${w} words and ${lines} lines, must be ${KNOWN.words} and ${KNOWN.lines}`);
    const names = rows.map((r) => r.page);
    const left = exempted(found, { "book/11-words.html": ["words", "height"], "book/gone.html": ["words"] }, RULES, names);
    const told = left.filter((f) => f.rule === "exemption").map((f) => `${f.page} ${f.detail}`).sort();
    if (told.join() !== "book/11-words.html height is kept: remove it,book/gone.html there is no such page: remove it") tell(`exemptions: ${told}`);
    if (left.some((f) => f.page === "book/11-words.html" && f.rule === "words")) tell("an exemption must hold");
    console.log(bad ? `${bad} faults of the self-test` : `Self-test: each of ${Object.keys(BAD).length - 1} pages exceeds its one budget, and counts are right`);
    return bad;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function main(args) {
  const option = (name) => args.find((a) => a.startsWith(`--${name}=`))?.split("=")[1];
  console.log(pad(HEADS));
  if (args.includes("--self-test")) return selfTest();
  const root = builtBook(args);
  const names = allPages(root).filter((page) => !redirect(root, page));
  const chosen = option("pages")?.split(",") ?? names;
  const rows = await measure(root, chosen, option("runs") ? Number(option("runs")) : undefined);
  const exempt = Object.fromEntries(Object.entries(exemptions()).filter(([page]) => !option("pages") || chosen.includes(page)));
  const left = exempted(rows.flatMap(faults), exempt, RULES, names);
  left.forEach((f) => console.log(`${f.page}: ${f.rule}: ${f.detail}`));
  console.log(left.length ? `${left.length} budgets are not kept` : `${rows.length} pages keep their budgets (${Object.keys(exempt).length} have exemptions)`);
  return left.length;
}

main(process.argv.slice(2)).then((bad) => process.exit(bad ? 1 : 0), (error) => { console.error(error.stack); process.exit(1); });
